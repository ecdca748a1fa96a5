/** The panel's logo, drawn here because the page loads no images. */
export function Logo() {
  return (
    <svg width="28" height="28" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <rect x="4" y="4" width="56" height="56" rx="12" fill="#1f3a4d" />
      <rect x="12" y="12" width="19" height="19" rx="4" fill="#2fb6a5" />
      <rect x="35" y="12" width="17" height="19" rx="4" fill="#2fb6a5" fillOpacity="0.45" />
      <rect x="12" y="35" width="40" height="17" rx="4" fill="#f2b13c" fillOpacity="0.25" />
      <path
        d="M15 47 22 42 28 45 35 39 41 43 49 38"
        fill="none"
        stroke="#f2b13c"
        strokeWidth="3"
        strokeLinecap="round"
      />
    </svg>
  );
}
