/**
 * Reads QR codes from the camera: by the browser's own detector, or by one we host ourselves. Its own chunk, and its
 * WebAssembly file beside it, so that only those who scan pay for it.
 */
import wasmAddress from 'zxing-wasm/reader/zxing_reader.wasm?url'

type Detector = { detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]> }
type DetectorClass = {
  new (options: { formats: string[] }): Detector
  getSupportedFormats(): Promise<string[]>
}

const lookEveryMs = 150

async function detector(): Promise<Detector> {
  const own = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector
  const formats = (await own?.getSupportedFormats().catch(() => [])) ?? []
  if (own && formats.includes('qr_code')) return new own({ formats: ['qr_code'] })
  const { BarcodeDetector, prepareZXingModule } = await import('barcode-detector/ponyfill')
  prepareZXingModule({ overrides: { locateFile: () => wasmAddress } })
  return new BarcodeDetector({ formats: ['qr_code'] })
}

/** `no_camera`: none, or none for us. */
export class ScanError extends Error {
  readonly reason: 'no_camera' | 'denied'
  constructor(reason: 'no_camera' | 'denied') {
    super(reason)
    this.reason = reason
  }
}

/** Shows the camera in `video` and resolves with the first code's text. */
export async function scan(video: HTMLVideoElement, until: AbortSignal): Promise<string | null> {
  const stream = await camera()
  try {
    video.srcObject = stream
    await video.play()
    const reader = await detector()
    while (!until.aborted) {
      const [code] = await reader.detect(video).catch(() => [])
      if (code?.rawValue) return code.rawValue
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    }
    return null
  } finally {
    for (const track of stream.getTracks()) track.stop()
    video.srcObject = null
  }
}

async function camera(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } },
    })
  } catch (error) {
    const denied = error instanceof DOMException && error.name === 'NotAllowedError'
    throw new ScanError(denied ? 'denied' : 'no_camera')
  }
}
