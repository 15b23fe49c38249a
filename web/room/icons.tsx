/** The page's icons: 24x24 line drawings in the colour of the text. Decorative: the control that holds one is labelled. */
import type { ReactNode } from 'react';

const icon = (drawing: ReactNode) => (
  <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    {drawing}
  </svg>
);

export const MicrophoneIcon = () =>
  icon(
    <>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
    </>,
  );
export const MicrophoneOffIcon = () =>
  icon(
    <>
      <path d="M15 10.5V6a3 3 0 0 0-5.8-1.1M9 9v2a3 3 0 0 0 4.6 2.5M5.5 11.5a6.5 6.5 0 0 0 10 5.5M18.5 11.5a6.5 6.5 0 0 1-.6 2.7M12 18v3" />
      <path d="M4 4l16 16" />
    </>,
  );
export const CameraIcon = () =>
  icon(
    <>
      <rect x="3" y="6" width="12.5" height="12" rx="2.5" />
      <path d="M15.5 10.5l5.5-3v9l-5.5-3" />
    </>,
  );
export const CameraOffIcon = () =>
  icon(
    <>
      <path d="M9.5 6H13a2.5 2.5 0 0 1 2.5 2.5V12m0 3.5A2.5 2.5 0 0 1 13 18H5.5A2.5 2.5 0 0 1 3 15.5v-7A2.5 2.5 0 0 1 5.5 6M15.5 10.5l5.5-3v9l-3-1.6" />
      <path d="M4 4l16 16" />
    </>,
  );
export const CaptionsIcon = () =>
  icon(
    <>
      <rect x="3" y="5.5" width="18" height="13" rx="2.5" />
      <path d="M10.5 10.6a2.2 2.2 0 1 0 0 2.8M17.5 10.6a2.2 2.2 0 1 0 0 2.8" />
    </>,
  );
export const ScreenIcon = () =>
  icon(
    <>
      <rect x="3" y="4.5" width="18" height="12.5" rx="2" />
      <path d="M8.5 21h7M12 14v-6m0 0l-2.6 2.6M12 8l2.6 2.6" />
    </>,
  );
export const PersonIcon = () =>
  icon(
    <>
      <circle cx="12" cy="8" r="4" />
      <path d="M4.5 20.5a7.5 7.5 0 0 1 15 0" />
    </>,
  );
export const PeopleIcon = () =>
  icon(
    <>
      <circle cx="9" cy="8" r="3.5" />
      <path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.2a6.5 6.5 0 0 1 3.5 5.8" />
    </>,
  );
export const ChatIcon = () => icon(<path d="M4 5.5h16v11H11l-4.5 3.5v-3.5H4z" strokeLinejoin="round" />);
export const SettingsIcon = () =>
  icon(
    <>
      <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
      <circle cx="15" cy="7" r="2" />
      <circle cx="9" cy="17" r="2" />
    </>,
  );
export const LeaveIcon = () => icon(<path d="M14 4.5H6.5v15H14M10.5 12H21m0 0l-3.5-3.5M21 12l-3.5 3.5" />);
export const PinIcon = () => icon(<path d="M9 4h6l-.7 6 3.2 3.5H6.5L9.7 10zM12 13.5V20" strokeLinejoin="round" />);
export const CloseIcon = () => icon(<path d="M6 6l12 12M18 6L6 18" />);
export const SendIcon = () => icon(<path d="M4 12l16-7.5L15 20l-3.5-6.5z" strokeLinejoin="round" />);
export const RecordIcon = () =>
  icon(
    <>
      <circle cx="12" cy="12" r="8.5" />
      <circle className="icon__fill" cx="12" cy="12" r="4" />
    </>,
  );
export const StopIcon = () =>
  icon(
    <>
      <circle cx="12" cy="12" r="8.5" />
      <rect className="icon__fill" x="9" y="9" width="6" height="6" rx="1" />
    </>,
  );
export const PauseIcon = () =>
  icon(
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M10 9v6M14 9v6" />
    </>,
  );
export const ResumeIcon = () =>
  icon(
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path className="icon__fill" d="M10.2 8.6l5 3.4-5 3.4z" strokeLinejoin="round" />
    </>,
  );
