import "@mantine/core/styles/default-css-variables.layer.css";
import "@mantine/core/styles/baseline.layer.css";
import "@mantine/core/styles/global.layer.css";
import "@mantine/core/styles/UnstyledButton.layer.css";
import "@mantine/core/styles/FloatingIndicator.layer.css";
import "@mantine/core/styles/Loader.layer.css";
import "@mantine/core/styles/Button.layer.css";
import "@mantine/core/styles/Input.layer.css";
import "@mantine/core/styles/InlineInput.layer.css";
import "@mantine/core/styles/SegmentedControl.layer.css";
import "@mantine/core/styles/Tabs.layer.css";
import "./styles/font.css";
import "./styles/palette.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/pages.css";
import { createTheme, defaultVariantColorsResolver, MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";

const MOSS = [
  "#eef6f1",
  "#e2efe7",
  "#c3dfce",
  "#a0cdb3",
  "#7fc69e",
  "#4f9a72",
  "#3a7f5b",
  "#2b664a",
  "#20523a",
  "#1d5037",
] as const;

// The variables live in styles/palette.css, so that no style needs to be injected (strict CSP).
const theme = createTheme({
  colors: { moss: MOSS },
  primaryColor: "moss",
  primaryShade: { light: 7, dark: 4 },
  cursorType: "pointer",
  // Mantine writes white on the primary colour in both schemes; in the dark that is too faint.
  variantColorResolver: (input) => {
    const colors = defaultVariantColorsResolver(input);
    return input.variant === "filled" ? { ...colors, color: "var(--on-moss)" } : colors;
  },
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        withCssVariables={false}
        withGlobalClasses={false}
        withStaticClasses={false}
      >
        <App />
      </MantineProvider>
    </StrictMode>,
  );
}
