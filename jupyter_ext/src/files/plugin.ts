import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import { ABCWidgetFactory, type DocumentRegistry } from '@jupyterlab/docregistry';

import { pipelineIcon } from '../icon';
import { NAME } from '../identity';
import { PATTERN } from './definition';
import { DefinitionReader } from './reader';
import { DefinitionDocument, DefinitionView } from './viewer';

/** How the viewer is called under "Open With". */
export const FACTORY = 'Pipeline DAG';

const FILE_TYPE = 'pipecell-definition';

class Factory extends ABCWidgetFactory<DefinitionDocument> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<DefinitionDocument>,
    private readonly reader: DefinitionReader,
    private readonly handOver: (path: string) => void
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.Context): DefinitionDocument {
    const content = new DefinitionView(context, this.reader, () => {
      widget.close();
      this.handOver(context.path);
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
    // It is JSON still, with JSON's icon: only its text says whether it is a definition.
    const json = registry.getFileType('json');
    registry.addFileType({
      name: FILE_TYPE,
      displayName: 'Pipeline definition',
      pattern: PATTERN,
      extensions: [],
      mimeTypes: ['application/json'],
      fileFormat: 'text',
      contentType: 'file',
      ...(json?.icon ? { icon: json.icon } : {})
    });
    const tracker = new WidgetTracker<DefinitionDocument>({ namespace: 'pipecell-definition' });
    const factory = new Factory(
      {
        name: FACTORY,
        modelName: 'text',
        fileTypes: [FILE_TYPE, 'json'],
        defaultFor: [FILE_TYPE],
        readOnly: true
      },
      new DefinitionReader(app.serviceManager),
      path => {
        const other = registry.preferredWidgetFactories(path).find(each => each.name !== FACTORY);
        void app.commands.execute('docmanager:open', { path, ...(other ? { factory: other.name } : {}) });
      }
    );
    factory.widgetCreated.connect((_, widget) => {
      void tracker.add(widget);
      widget.context.pathChanged.connect(() => void tracker.save(widget));
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
