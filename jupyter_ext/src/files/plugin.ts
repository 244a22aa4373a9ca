import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import { ABCWidgetFactory, type DocumentRegistry, type IDocumentWidget } from '@jupyterlab/docregistry';
import { type Contents, ServerConnection } from '@jupyterlab/services';
import type { Widget } from '@lumino/widgets';

import { pipelineIcon } from '../icon';
import { NAME } from '../identity';
import { PATTERN, YAML_PATTERN } from './definition';
import { DefinitionReader } from './reader';
import { DefinitionDocument, DefinitionView } from './viewer';

/** How the viewer is called under "Open With". */
export const FACTORY = 'Pipeline DAG';

const FILE_TYPE = 'pipecell-definition';
const YAML_TYPE = 'pipecell-definition-yaml';

/** JupyterLab's name for its editor of text. */
const EDITOR = 'Editor';

/** What the factory has the application do. */
interface Acts {
  written(path: string): Promise<string | null>;
  handOver(path: string): void;
  openText(path: string, line: number): void;
}

class Factory extends ABCWidgetFactory<DefinitionDocument> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<DefinitionDocument>,
    private readonly reader: DefinitionReader,
    private readonly acts: Acts
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.Context): DefinitionDocument {
    const content = new DefinitionView(context, this.reader, {
      notOurs: () => {
        widget.close();
        this.acts.handOver(context.path);
      },
      written: () => this.acts.written(context.path),
      openText: line => this.acts.openText(context.path, line)
    });
    const widget = new DefinitionDocument({ content, context });
    widget.title.icon = pipelineIcon;
    return widget;
  }
}

/** Opens definitions as DAGs. */
export const files: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:files`,
  description: 'Opens SageMaker definitions and state machines as a DAG, with what the checks find beside it.',
  autoStart: true,
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, restorer: ILayoutRestorer | null): void => {
    const registry = app.docRegistry;
    // It is JSON or YAML still, with their icons: only its text says whether it is a definition.
    const add = (name: string, displayName: string, pattern: string, base: string, mime: string): void => {
      const icon = registry.getFileType(base)?.icon;
      registry.addFileType({
        name,
        displayName,
        pattern,
        extensions: [],
        mimeTypes: [mime],
        fileFormat: 'text',
        contentType: 'file',
        ...(icon ? { icon } : {})
      });
    };
    add(FILE_TYPE, 'Pipeline definition', PATTERN, 'json', 'application/json');
    add(YAML_TYPE, 'State machine', YAML_PATTERN, 'yaml', 'text/yaml');
    const tracker = new WidgetTracker<DefinitionDocument>({ namespace: 'pipecell-definition' });
    const factory = new Factory(
      {
        name: FACTORY,
        modelName: 'text',
        fileTypes: [FILE_TYPE, YAML_TYPE, 'json'],
        defaultFor: [FILE_TYPE, YAML_TYPE],
        readOnly: true
      },
      new DefinitionReader(app.serviceManager),
      {
        handOver: path => {
          const other = registry.preferredWidgetFactories(path).find(each => each.name !== FACTORY);
          void app.commands.execute('docmanager:open', { path, ...(other ? { factory: other.name } : {}) });
        },
        written: path => written(app.serviceManager.contents, path),
        openText: (path, line) => void openText(app, path, line)
      }
    );
    factory.widgetCreated.connect((_, widget) => {
      void tracker.add(widget);
      const { context } = widget;
      const save = (): void => void tracker.save(widget);
      context.pathChanged.connect(save);
      // An editor of the same file keeps the context: it must not keep the viewer with it.
      widget.disposed.connect(() => context.pathChanged.disconnect(save));
    });
    // The registry's type leaves out that a factory may have no content provider.
    registry.addWidgetFactory(factory as DocumentRegistry.WidgetFactory);
    void restorer?.restore(tracker, {
      command: 'docmanager:open',
      args: widget => ({ path: widget.context.path, factory: FACTORY }),
      name: widget => widget.context.path
    });
  }
};

async function written(contents: Contents.IManager, path: string): Promise<string | null> {
  try {
    return (await contents.get(path, { content: false })).last_modified;
  } catch (error) {
    if (error instanceof ServerConnection.ResponseError && error.response.status === 404) {
      return null;
    }
    throw error;
  }
}

/** Open a file's text beside its DAG, at a line. */
async function openText(app: JupyterFrontEnd, path: string, line: number): Promise<void> {
  const args = { path, factory: EDITOR, options: { mode: 'split-bottom' } };
  const opened: unknown = await app.commands.execute('docmanager:open', args);
  const widget = opened as IDocumentWidget<Widget & { editor?: CodeEditor.IEditor }> | undefined;
  await widget?.context.ready;
  const editor = widget?.content.editor;
  if (editor) {
    editor.setCursorPosition({ line: line - 1, column: 0 });
    editor.revealPosition({ line: line - 1, column: 0 });
    editor.focus();
  }
}
