import { mediaInfoFactory, type MediaInfoResult, type Track } from 'mediainfo.js';
import { StepError, type ArtifactStore } from '../../../src/index.ts';
import type { Media } from '../model.ts';
import { storable } from '../text.ts';

/** What the bytes say. */
export type MediaInfo = Pick<Media, 'container' | 'mimeType' | 'seconds' | 'video' | 'audio'> & {
  title: string | undefined;
};

/** Container formats as MediaInfo names them, by MIME type of the video and of the sound alone. */
const MIME: Record<string, [video: string, audio: string]> = {
  'MPEG-4': ['video/mp4', 'audio/mp4'],
  QuickTime: ['video/quicktime', 'audio/mp4'],
  WebM: ['video/webm', 'audio/webm'],
  Matroska: ['video/x-matroska', 'audio/x-matroska'],
  AVI: ['video/x-msvideo', 'audio/x-msvideo'],
  'MPEG-PS': ['video/mpeg', 'audio/mpeg'],
  'MPEG-TS': ['video/mp2t', 'audio/mp2t'],
  'Flash Video': ['video/x-flv', 'audio/x-flv'],
  'Windows Media': ['video/x-ms-wmv', 'audio/x-ms-wma'],
  Ogg: ['video/ogg', 'audio/ogg'],
  Wave: ['audio/wav', 'audio/wav'],
  FLAC: ['audio/flac', 'audio/flac'],
  'MPEG Audio': ['audio/mpeg', 'audio/mpeg'],
};

/**
 * Reads container, duration, codecs and resolution with MediaInfo (WASM), only the parts of the file that it asks for.
 * @throws StepError `INVALID_INPUT` when the file is no video or sound, is cut off, or has no duration
 */
export async function readMedia(artifacts: ArtifactStore, key: string, size: number): Promise<MediaInfo> {
  const mediaInfo = await mediaInfoFactory({ format: 'object' });
  try {
    const result = await mediaInfo.analyzeData(size, (length, offset) =>
      readRange(artifacts, key, offset, Math.min(length, size - offset)),
    );
    return describe(result);
  } finally {
    mediaInfo.close();
  }
}

async function readRange(artifacts: ArtifactStore, key: string, start: number, length: number): Promise<Uint8Array> {
  if (length <= 0) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  for await (const chunk of await artifacts.read(key, { start, end: start + length - 1 })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function describe(result: MediaInfoResult): MediaInfo {
  const tracks = result.media?.track ?? [];
  const general = find(tracks, 'General');
  const video = find(tracks, 'Video');
  const audio = find(tracks, 'Audio');
  if (general === undefined || (video === undefined && audio === undefined)) {
    throw new StepError('INVALID_INPUT', 'The file is no video: it has neither a video nor an audio track.');
  }
  if (general.extra?.['IsTruncated'] === 'Yes')
    throw new StepError('INVALID_INPUT', 'The file is cut off: its end is missing.');
  const seconds = general.Duration ?? video?.Duration ?? audio?.Duration;
  if (seconds === undefined || !(seconds > 0))
    throw new StepError('INVALID_INPUT', 'The file is damaged: it has no duration.');
  const container = storable(general.Format ?? 'unknown');
  return {
    container,
    mimeType: MIME[container]?.[video === undefined ? 1 : 0] ?? 'application/octet-stream',
    seconds,
    title: general.Title ?? general.Movie,
    video:
      video === undefined
        ? null
        : {
            codec: storable(video.Format ?? 'unknown'),
            width: video.Width ?? 0,
            height: video.Height ?? 0,
            frameRate: video.FrameRate ?? null,
          },
    audio:
      audio === undefined
        ? null
        : {
            codec: storable(audio.Format ?? 'unknown'),
            channels: audio.Channels ?? null,
            sampleRate: audio.SamplingRate ?? null,
          },
  };
}

function find<Type extends Track['@type']>(tracks: Track[], type: Type): Extract<Track, { '@type': Type }> | undefined {
  return tracks.find((track): track is Extract<Track, { '@type': Type }> => track['@type'] === type);
}
