import { gzipSync } from 'node:zlib';
import { box } from './sample-containers.ts';

const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
const laughs = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>';

/** Starts of files that pose as pictures and must be refused, many of which image libraries would open. */
export const foreignFiles: Record<string, Buffer> = {
  'one byte': Buffer.from('x'),
  text: Buffer.from('This is not a picture.'),
  HTML: Buffer.from('<!doctype html><script>alert(1)</script>'),
  PHP: Buffer.from('<?php system($_GET["c"]); ?>'),
  JavaScript: Buffer.from('alert(1)//'),
  SVG: Buffer.from(svg),
  'SVG behind a byte order mark': Buffer.from(`\ufeff${svg}`),
  'SVG behind white space': Buffer.from(`\n\n   ${svg}`),
  'SVG behind an XML declaration': Buffer.from(`<?xml version="1.0"?>${laughs}${svg}`),
  'SVG in UTF-16': Buffer.from(`\ufeff${svg}`, 'utf16le'),
  SVGZ: gzipSync(svg),
  'Windows program': latin1('MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0'),
  'ELF program': latin1('\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0'),
  ZIP: latin1('PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0'),
  PDF: Buffer.from('%PDF-1.7\n%\n1 0 obj\n'),
  'PDF with a JPEG behind it': Buffer.concat([Buffer.from('%PDF-1.7\n'), latin1('\xff\xd8\xff\xe0')]),
  PostScript: Buffer.from('%!PS-Adobe-3.0 EPSF-3.0\n'),
  BMP: latin1('BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0'),
  ICO: latin1('\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0'),
  'TIFF, little-endian': latin1('II*\0\x08\0\0\0\0\0\0\0\0\0'),
  'TIFF, big-endian': latin1('MM\0*\0\0\0\x08\0\0\0\0\0\0'),
  BigTIFF: latin1('II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0'),
  PSD: latin1('8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0'),
  'HDF5 and MAT': latin1('\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0'),
  'MAT 5': Buffer.from('MATLAB 5.0 MAT-file, Platform: GLNXA64'),
  DICOM: Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]),
  FITS: Buffer.from('SIMPLE  =                    T'),
  OpenEXR: latin1('\x76\x2f\x31\x01\x02\0\0\0channels\0'),
  'Radiance HDR': Buffer.from('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n'),
  'netpbm P6': Buffer.from('P6 1 1 255 abc'),
  'JPEG XL, bare': latin1('\xff\x0a\xfa\x7f\x01\x90\x08\x06\x01\0\x10\0'),
  'JPEG XL, in boxes': latin1('\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl '),
  'JPEG 2000': latin1('\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 '),
  'MP4 video': fileType('isom', 'isomiso2avc1mp41'),
  'QuickTime video': fileType('qt  ', 'qt  '),
  'VVC in HEIF': fileType('mif1', 'mif1vvic'),
  'JPEG in HEIF': fileType('jpeg', 'mif1jpeg'),
  'RIFF with sound': latin1('RIFF\x24\0\0\0WAVEfmt \x10\0\0\0'),
  'GIF of an unknown version': Buffer.from('GIF90a\x01\x00\x01\x00\x00\x00\x00'),
  'PNG with its line ends changed': latin1('\x89PNG\n\x1a\n\0\0\0\rIHDR'),
  MNG: latin1('\x8aMNG\r\n\x1a\n\0\0\0\x1cMHDR'),
  FLIF: Buffer.from('FLIF44100000'),
  ICNS: latin1('icns\0\0\0\x10ic07\0\0\0\x08'),
  'an endless row of zeros': Buffer.alloc(200_000),
};

function fileType(major: string, compatible: string): Buffer {
  return box('ftyp', latin1(major), Buffer.alloc(4), latin1(compatible));
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
