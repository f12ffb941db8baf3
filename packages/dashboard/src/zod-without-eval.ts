import { config } from "zod";

// Imported before anything that builds a schema: zod compiles checks with `new Function` where it may,
// and finds out by trying, which the page's content security policy would report as a violation.
config({ jitless: true });
