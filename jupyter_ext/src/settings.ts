import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';

import { NAME } from './identity';
import { ISettings } from './tokens';

const PLUGIN_ID = `${NAME}:settings`;

class Settings implements ISettings {
  readonly changed: Signal<ISettings, void> = new Signal<ISettings, void>(this);

  get profile(): ISettings['profile'] {
    return this.text('defaultProfile') === 'full' ? 'full' : 'smoke';
  }

  get confirmAws(): boolean {
    return this.flag('confirmAws');
  }

  get underlines(): boolean {
    return this.flag('underlines');
  }

  get badges(): boolean {
    return this.flag('badges');
  }

  get theme(): ISettings['theme'] {
    const value = this.text('theme');
    return value === 'light' || value === 'dark' ? value : 'jupyterlab';
  }

  /** Take the settings from JupyterLab's registry, now and whenever they change. */
  follow(source: ISettingRegistry.ISettings): void {
    const update = (): void => {
      this.values = source.composite;
      this.changed.emit();
    };
    source.changed.connect(update);
    update();
  }

  private flag(name: string): boolean {
    return this.values[name] !== false;
  }

  private text(name: string): string {
    const value = this.values[name];
    return typeof value === 'string' ? value : '';
  }

  private values: Readonly<Record<string, unknown>> = {};
}

/** Provides what people set. */
export const settings: JupyterFrontEndPlugin<ISettings> = {
  id: PLUGIN_ID,
  description: 'The settings of pipecell.',
  autoStart: true,
  provides: ISettings,
  optional: [ISettingRegistry],
  activate: (_: JupyterFrontEnd, registry: ISettingRegistry | null): ISettings => {
    const made = new Settings();
    made.changed.connect(() => {
      if (made.theme === 'jupyterlab') {
        document.body.removeAttribute('data-pc-theme');
      } else {
        document.body.setAttribute('data-pc-theme', made.theme);
      }
    });
    // Whoever needs them begins with the defaults; they are told when the registry has answered.
    void registry?.load(PLUGIN_ID).then(source => made.follow(source));
    return made;
  }
};
