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
