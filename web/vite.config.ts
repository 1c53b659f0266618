import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const FONT = new URL("./node_modules/@fontsource-variable/inter/", import.meta.url);

/** Ships the font's licence beside it, and asks for the font before the style sheet does. */
function font(): Plugin {
  return {
    name: "font",
    apply: "build",
    generateBundle() {
      const source = readFileSync(new URL("LICENSE", FONT));
      this.emitFile({ type: "asset", fileName: "assets/inter-license.txt", source });
    },
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        const href = Object.keys(bundle ?? {}).find((name) => /inter-latin-wght.*woff2$/.test(name));
        if (!href) throw new Error("the font is not in the bundle");
        const attrs = { rel: "preload", as: "font", type: "font/woff2", crossorigin: "", href: `/${href}` };
        return [{ tag: "link", attrs, injectTo: "head" }];
      },
    },
  };
}

// The pages are served by Tailorbird itself; `npm run dev` asks a server on port 8400.
export default defineConfig({
  plugins: [react(), font()],
  build: {
    outDir: "../src/tailorbird/web/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8400" } },
});
