/** The product's name with its reel. */
export const Wordmark = () => (
  <div className="wordmark">
    <svg className="wordmark__reel" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" className="wordmark__ground" />
      <rect x="5.2" y="10" width="21.6" height="12" rx="6" className="wordmark__tape" />
      <circle cx="11.2" cy="16" r="2.3" className="wordmark__hub" />
      <circle cx="20.8" cy="16" r="2.3" className="wordmark__hub" />
    </svg>
    <span>Roomtape</span>
  </div>
);
