/** Puts a QR code before Chromium's fake camera: a short film (y4m, which needs no encoder) of the code standing still. */
import { writeFileSync } from 'node:fs'
import { encode } from 'uqr'

const width = 640
const height = 480
const frames = 10
const black = 16
const white = 235

export function filmQrCode(text: string, file: string): void {
  const { size, data } = encode(text, { ecc: 'M', border: 4 })
  const pixels = Math.floor(height / size)
  const [left, top] = [(width - size * pixels) >> 1, (height - size * pixels) >> 1]
  const luma = Buffer.alloc(width * height, white)
  data.forEach((row, y) =>
    row.forEach((dark, x) => {
      if (!dark) return
      for (let line = 0; line < pixels; line++) {
        const start = (top + y * pixels + line) * width + left + x * pixels
        luma.fill(black, start, start + pixels)
      }
    }),
  )
  const chroma = Buffer.alloc((width * height) / 2, 128)
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`)]
  for (let frame = 0; frame < frames; frame++) parts.push(Buffer.from('FRAME\n'), luma, chroma)
  writeFileSync(file, Buffer.concat(parts))
}
