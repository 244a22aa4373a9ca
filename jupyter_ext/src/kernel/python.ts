import type { KernelSpec } from '@jupyterlab/services';

/** The name of a Python kernel: the default one where that is Python. */
export function pythonOf(specs: KernelSpec.ISpecModels | null): string | null {
  const known = specs?.kernelspecs ?? {};
  if (specs && known[specs.default]?.language === 'python') {
    return specs.default;
  }
  return Object.keys(known).find(name => known[name]?.language === 'python') ?? null;
}
