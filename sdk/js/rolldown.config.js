// Built by `npm run build` in web/, which has the tools; the files go beside the console's.
const FOLDER = "../src/tailorbird/web/static/sdk";

export default ["tag", "banner", "classic"].map((name) => ({
  input: new URL(`src/${name}.ts`, import.meta.url).pathname,
  output: { file: `${FOLDER}/${name}.js`, format: "iife", minify: true, comments: false },
  transform: { target: "es2021" },
}));
