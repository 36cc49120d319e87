/** The later catalogue that the page speaks from right now. */
import { computed } from '@preact/signals'
import { laterTexts } from './later-texts.ts'
import { language } from './text.ts'

export const laterText = computed(() => laterTexts[language.value])
