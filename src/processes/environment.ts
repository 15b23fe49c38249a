/**
 * What a child process gets of our environment: least privilege. The media process and compositors parse hostile bytes, so they get
 * neither the API secret nor the database's address, only what an operating system needs and what they are told explicitly.
 */
const HARMLESS = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];

/** A bare environment with these variables added. */
export const bareEnvironment = (added: Record<string, string>): Record<string, string> => {
  const kept: Record<string, string> = {};
  for (const name of HARMLESS) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return { ...kept, ...added };
};
