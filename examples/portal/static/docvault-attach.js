// <docvault-attach>: the button by which a form takes papers from the vault. Its attributes, and how it stands in a
// form without JavaScript, are in docs/portals.md#the-button.
const TEXTS = {
  vi: {
    idle: 'Lấy từ kho giấy tờ',
    busy: 'Đang mở kho giấy tờ…',
    attached: n => n ? `Đã gắn ${n} giấy tờ từ kho` : 'Đã gắn giấy tờ từ kho',
    refused: 'Bạn chưa đồng ý chia sẻ. Hồ sơ vẫn như cũ.',
    again: 'Lấy lại từ kho giấy tờ',
  },
  en: {
    idle: 'Take from my document vault',
    busy: 'Opening your vault…',
    attached: n => n ? `${n} paper${n === '1' ? '' : 's'} attached from your vault` : 'Attached from your vault',
    refused: 'You did not agree to share. Your form is as it was.',
    again: 'Take from my vault again',
  },
}

const STYLE = `
:host { display: block; font: inherit }
:host([hidden]) { display: none }
button { display: flex; gap: .75em; align-items: center; justify-content: center; width: 100%; min-height: 3.25rem;
  padding: .6rem 1.1rem; border: 2px solid #0b4f4a; border-radius: .5rem; background: #0b4f4a; color: #fff;
  font: inherit; font-weight: 700; cursor: pointer }
button:hover { background: #073733 }
button:focus-visible { outline: 3px solid #a85400; outline-offset: 2px }
button[aria-disabled=true] { background: #fff; color: #0b4f4a; cursor: progress }
svg { flex: none; width: 1.5em; height: 1.5em; fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linecap: round; stroke-linejoin: round }
p { display: flex; gap: .75em; align-items: center; margin: 0 0 .6rem; padding: .8rem 1rem }
.attached { border: 2px solid #0b4f4a; border-radius: .5rem; background: #e2eeeb; color: #073733; font-weight: 700 }
.refused { border-left: 5px solid #633900; background: #fdf0d5; color: #633900 }
.busy { position: absolute; clip-path: inset(50%) } /* heard; the button itself shows it */
@media (prefers-reduced-motion: no-preference) { .turning { animation: turn 1s linear infinite } }
@keyframes turn { to { transform: rotate(360deg) } }
`
const DRAWN = {
  idle: 'M4 8h16v12H4z M4 8l2-4h12l2 4 M12 11v6 M9 14l3 3 3-3',
  busy: 'M12 3a9 9 0 1 0 9 9',
  attached: 'M4 12l5 5L20 6',
  refused: 'M12 7v6 M12 17v0 M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0',
}

const sheet = new CSSStyleSheet()
sheet.replaceSync(STYLE)

function make(name, properties = {}, ...inside) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...inside)
  return made
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  if (name === 'busy') svg.classList.add('turning')
  path.setAttribute('d', DRAWN[name])
  svg.append(path)
  return svg
}

class DocvaultAttach extends HTMLElement {
  static observedAttributes = ['state', 'count', 'lang']
  #said = make('div')

  constructor() {
    super()
    this.attachShadow({ mode: 'open', delegatesFocus: true }).adoptedStyleSheets = [sheet]
    this.#said.setAttribute('role', 'status') // there from the start, so that what changes in it is read out
    this.shadowRoot.append(this.#said, make('div'))
  }

  connectedCallback() {
    addEventListener('pageshow', this.#back)
    this.#draw()
  }

  disconnectedCallback() {
    removeEventListener('pageshow', this.#back)
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#draw()
  }

  get state() {
    const state = this.getAttribute('state')
    return ['busy', 'attached', 'refused'].includes(state) ? state : 'idle'
  }

  set state(value) {
    this.setAttribute('state', value)
  }

  #back = event => { // by the browser's Back button, to a page that it had kept as it was
    if (event.persisted && this.state === 'busy') this.state = 'idle'
  }

  #draw() {
    const { state } = this
    const language = this.lang || this.closest('[lang]')?.lang || 'vi'
    const texts = TEXTS[language.startsWith('en') ? 'en' : 'vi']
    const said = state === 'attached' ? texts.attached(this.getAttribute('count')) : texts[state]
    const focused = this.shadowRoot.activeElement
    this.#said.replaceChildren(...(state === 'idle' ? [] : [make('p', { className: state }, icon(state), said)]))
    const place = this.shadowRoot.lastElementChild
    place.replaceChildren(...(state === 'attached' ? [] : [this.#button(state, texts)]))
    if (focused) place.querySelector('button')?.focus()
  }

  #button(state, texts) {
    const shown = state === 'busy' ? 'busy' : 'idle'
    const text = state === 'refused' ? texts.again : texts[shown]
    const button = make('button', { type: 'button', onclick: () => this.#press() }, icon(shown), text)
    button.setAttribute('aria-disabled', state === 'busy')
    return button
  }

  #press() {
    if (this.state === 'busy') return
    if (!this.dispatchEvent(new Event('docvault-attach', { bubbles: true, cancelable: true }))) return
    const plain = this.querySelector('button')
    if (plain?.form && !plain.formNoValidate && !plain.form.reportValidity()) return
    this.state = 'busy'
    if (plain?.form) plain.form.requestSubmit(plain) // with all that is typed in the form around
    else this.#post()
  }

  #post() {
    const form = make('form', { method: 'post', action: this.getAttribute('action') ?? '', hidden: true })
    if (!/^https?:/.test(form.action)) { // javascript: and the like are no portal's address
      this.state = 'idle'
      return
    }
    form.append(make('input', { name: 'procedure', value: this.getAttribute('procedure') ?? '' }))
    this.append(form)
    form.submit()
  }
}

customElements.define('docvault-attach', DocvaultAttach)
