import "./zod-without-eval.ts";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import "./index.css";

const root = document.getElementById("root");
if (root === null) throw new Error('Found no element "#root" in index.html to draw into.');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
