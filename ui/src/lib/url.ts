/** A node's address with the login taken out of it; null when there is none in it. */
export function withoutCredentials(text: string): { url: string; user: string; password: string } | null {
  const match = /^(\w+:\/\/)([^/@]*)@(.*)$/.exec(text.trim());
  if (!match) return null;
  const [, scheme = '', login = '', rest = ''] = match;
  const [user = '', ...password] = login.split(':');
  return { url: scheme + rest, user: decoded(user), password: decoded(password.join(':')) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether what goes to a node at this address leaves the machine and can be read on the way. */
export function isPlainAndFar(text: string): boolean {
  const match = /^http:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]+)/i.exec(text.trim());
  if (!match) return false;
  const [, host = ''] = match;
  return !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(host);
}

/** The same address by TLS. */
export function withTls(url: string): string {
  return url.trim().replace(/^http:/i, 'https:');
}

/** The same address with the one certificate that is accepted there. */
export function withFingerprint(url: string, fingerprint: string): string {
  return `${url.trim().replace(/\/?(#.*)?$/, '')}#${fingerprint}`;
}
