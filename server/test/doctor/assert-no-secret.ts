const secretNames = ['S3_ACCESS_KEY', 'S3_SECRET_KEY', 'IMGPROXY_KEY', 'IMGPROXY_SALT', 'API_KEYS', 'TICKET_SECRET'];

/** The access key is sent openly with every form: a short one may be an ordinary word. */
const minSecretCharacters = 16;

/** No text may hold a secret, whatever is broken. */
export function assertNoSecret(text: string, environment: Record<string, string>): void {
  const shown = secretNames.filter((name) => {
    const secret = environment[name]?.replace(/^cms:/, '') ?? '';
    return secret.length >= minSecretCharacters && text.includes(secret);
  });
  if (/:\/\/(?!\[secret\]@)[^\s/?#"]+@/.test(text)) shown.push('the user or password of an address');
  if (shown.length > 0) throw new Error(`these secrets are in the texts: ${shown.join(', ')}`);
}
