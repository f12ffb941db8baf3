import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Served by the control plane at "/"; `vite` alone passes calls on to one on this machine. */
export default defineConfig({
  base: "/",
  plugins: [react(), tailwindcss()],
  build: {
    target: "es2023",
    sourcemap: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 560,
  },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:4200",
      "/healthz": "http://127.0.0.1:4200",
    },
  },
});
