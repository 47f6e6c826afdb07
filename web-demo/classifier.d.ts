// What `web-demo/src/lib.rs` exports, as the glue of wasm-bindgen offers it to the page.

declare const classifier: {
  initSync(options: { module: WebAssembly.Module }): void;
  __wbg_reset_state?(): void;
  diagnose(input: string, now: number): string;
  markdown(input: string, now: number): string;
  mask_names(input: string): string;
};
