// Drawn here, 20 by 20, one stroke; every icon stands beside its word, so all are hidden.

import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 20 20"
      width="20"
      height="20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const OverviewIcon = () => (
  <Icon>
    <path d="M3 16.500V9.500M8 16.500V3.500M13 16.500v-5M17.500 16.500v-9" />
  </Icon>
);

export const PeopleIcon = () => (
  <Icon>
    <circle cx="7.500" cy="7" r="3" />
    <path d="M2 16.500c.5-3 2.600-4.500 5.500-4.500s5 1.500 5.500 4.500M13 4.300a3 3 0 0 1 0 5.400M15 12.500c1.800.6 2.800 1.900 3.100 4" />
  </Icon>
);

export const SegmentsIcon = () => (
  <Icon>
    <circle cx="7.500" cy="10" r="5" />
    <circle cx="12.500" cy="10" r="5" />
  </Icon>
);

export const CampaignsIcon = () => (
  <Icon>
    <path d="M17.500 2.500 9 11M17.500 2.500 12 17.500 9 11 2.500 8z" />
  </Icon>
);

export const QualityIcon = () => (
  <Icon>
    <path d="M10 2.500 16.500 5v5c0 4-2.700 6.400-6.500 7.500-3.800-1.100-6.500-3.500-6.500-7.500V5zM7 10l2.200 2.200L13.200 8" />
  </Icon>
);

export const DeliveryIcon = () => (
  <Icon>
    <path d="M2.500 5h10v9h-10zM12.500 8.500h3l2 2.700V14h-5M5.500 16.500a1.500 1.500 0 1 0 0-.1M14 16.500a1.500 1.500 0 1 0 0-.1" />
  </Icon>
);

export const InboxIcon = () => (
  <Icon>
    <path d="M2.500 11.500 5 4h10l2.500 7.500v5h-15zM2.500 11.500H7l1.200 2h3.600l1.200-2h4.500" />
  </Icon>
);

export const TemplatesIcon = () => (
  <Icon>
    <path d="M4 2.500h8l4 4v11H4zM12 2.500v4h4M7 10.500h6M7 13.500h4" />
  </Icon>
);

export const ProductsIcon = () => (
  <Icon>
    <path d="M3.500 6.500h13l-1 11h-11zM6.500 6.500c0-2.500 1.500-4 3.500-4s3.500 1.500 3.500 4M7.500 12l1.700 1.700 3.300-3.300" />
  </Icon>
);

export const ModelsIcon = () => (
  <Icon>
    <path d="M3.500 3v13.500h13.500M6 13.500c5 0 4-7 8.500-7.500" />
    <circle cx="15.500" cy="5.500" r="1.300" />
  </Icon>
);

export const SourcesIcon = () => (
  <Icon>
    <path d="M3.500 5.500c0-1.700 2.900-3 6.500-3s6.500 1.300 6.500 3-2.900 3-6.500 3-6.500-1.300-6.500-3zM3.500 5.500v9c0 1.700 2.900 3 6.500 3s6.500-1.300 6.500-3v-9M3.500 10c0 1.700 2.900 3 6.500 3s6.500-1.300 6.500-3" />
  </Icon>
);

export const QuarantineIcon = () => (
  <Icon>
    <path d="M10 2.500 18 16.500H2zM10 7.500v4M10 14v.1" />
  </Icon>
);

export const MatchesIcon = () => (
  <Icon>
    <circle cx="5.500" cy="6" r="2.500" />
    <circle cx="14.500" cy="6" r="2.500" />
    <path d="M2 16.500c.3-3.500 1.600-5 3.500-5s3.200 1.500 3.500 5M11 16.500c.3-3.500 1.600-5 3.500-5s3.200 1.500 3.500 5" />
  </Icon>
);

export const FormsIcon = () => (
  <Icon>
    <path d="M3 3.500h14v4H3zM3 11h9M3 14.500h6M13 15l1.600 1.600L18 13" />
  </Icon>
);

export const KeysIcon = () => (
  <Icon>
    <circle cx="6.500" cy="13.500" r="3.500" />
    <path d="M9 11l7.500-7.500M13.500 6.500 16 9M11.500 8.500l1.500 1.500" />
  </Icon>
);

export const SunIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="3.500" />
    <path d="M10 1.500v2M10 16.500v2M1.500 10h2M16.500 10h2M4 4l1.400 1.400M14.600 14.600 16 16M4 16l1.400-1.400M14.600 5.400 16 4" />
  </Icon>
);

export const MoonIcon = () => (
  <Icon>
    <path d="M16.500 12A7 7 0 0 1 8 3.500a7 7 0 1 0 8.500 8.500z" />
  </Icon>
);

export const SystemIcon = () => (
  <Icon>
    <path d="M2.500 3.500h15v10h-15zM7 17h6M10 13.500V17" />
  </Icon>
);

export function Bird() {
  return (
    <svg className="bird" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" className="bird-ground" />
      <path
        className="bird-body"
        d="M6 21c2.500 3 6 4.200 9.500 3.600 5.200-.9 8.300-4.700 8.500-9.600l3-2.400-3.600-.7c-1-2.300-3.100-3.500-5.500-3.200-3 .4-4.700 2.700-4.700 5.500 0 3.100-2.500 5.300-7.200 6.800z"
      />
      <circle className="bird-eye" cx="19.600" cy="12.600" r="1.150" />
      <path className="bird-crown" d="M15.200 10.200c1-1.800 2.600-2.600 4.400-2.300" />
    </svg>
  );
}
