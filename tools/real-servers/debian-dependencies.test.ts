import { describe, expect, it } from 'vitest';
import { findDebianMirror, librariesNeeded, parseDependencies } from './debian-dependencies.ts';

const answer = `radosgw
  Depends: ceph-common
  Depends: librgw2
  Depends: libcurl3t64-gnutls
  Depends: <libldap-2.5-0>
    libldap2
ceph-common
  PreDepends: python3-ceph
 |Depends: libnss3
  Depends: libc6
libcurl3t64-gnutls
  Depends: libc6
  Depends: libssh2-1t64
libssh2-1t64
  Depends: libcurl3t64-gnutls
<libldap-2.5-0>
librgw2
  Depends: librados2
python3-ceph
  Depends: libpython3-stdlib
libc6
  Depends: libgcc-s1
`;
const graph = parseDependencies(answer);

describe('parseDependencies', () => {
  it('reads dependencies, alternatives among them', () => {
    expect(graph.get('ceph-common')).toEqual(['python3-ceph', 'libnss3', 'libc6']);
    expect(graph.get('libssh2-1t64')).toEqual(['libcurl3t64-gnutls']);
  });

  it('puts the providers in the place of a package that exists in name only', () => {
    expect(graph.get('radosgw')).toEqual(['ceph-common', 'librgw2', 'libcurl3t64-gnutls', 'libldap2']);
  });

  it('finds nothing in an empty answer', () => {
    expect(parseDependencies('').size).toBe(0);
  });
});

describe('librariesNeeded', () => {
  it('follows libraries to the end, also in a circle, and nothing else', () => {
    expect(librariesNeeded(graph, ['radosgw'], new Set())).toEqual([
      'libc6',
      'libcurl3t64-gnutls',
      'libgcc-s1',
      'libldap2',
      'librados2',
      'librgw2',
      'libssh2-1t64',
    ]);
  });

  it('leaves out what is not needed, with all that only it needs', () => {
    const libraries = librariesNeeded(graph, ['radosgw'], new Set(['librgw2']));
    expect(libraries).not.toContain('librgw2');
    expect(libraries).not.toContain('librados2');
  });

  it('takes the libraries of each package asked for, not the packages themselves', () => {
    expect(librariesNeeded(graph, ['radosgw', 'ceph-common'], new Set())).toContain('libnss3');
    expect(librariesNeeded(graph, ['radosgw', 'ceph-common'], new Set())).not.toContain('ceph-common');
  });
});

describe('findDebianMirror', () => {
  it.each([
    ['deb822', 'Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\n', 'http://mirror.example/debian'],
    ['one line', 'deb http://mirror.example/debian/ bookworm main', 'http://mirror.example/debian/'],
    [
      'one line with options',
      'deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/debian sid main',
      'https://mirror.example/debian',
    ],
    ['a mirror list', 'URIs: mirror+file:///etc/apt/mirrors/debian.list', 'mirror+file:///etc/apt/mirrors/debian.list'],
    [
      'a snapshot',
      'URIs: https://mirror.example/archive/debian/20260101T000000Z/',
      'https://mirror.example/archive/debian/20260101T000000Z/',
    ],
  ])('reads %s', (_, text, mirror) => {
    expect(findDebianMirror([text])).toBe(mirror);
  });

  it('passes over security updates, comments, sources of programs and other distributions', () => {
    const others = [
      'URIs: http://mirror.example/debian-security\n# URIs: http://commented.example/debian',
      'deb-src http://sources.example/debian bookworm main',
      'deb http://archive.example/ubuntu noble main',
    ];
    expect(findDebianMirror(others)).toBeNull();
    expect(findDebianMirror([...others, 'deb http://mirror.example/debian sid main'])).toBe(
      'http://mirror.example/debian',
    );
  });
});
