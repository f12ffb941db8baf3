/** The product's version; held equal to the workspace's package.json by a test. */
export const VERSION = "0.1.0";
