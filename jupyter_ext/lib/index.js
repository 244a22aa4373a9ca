import { about } from './about';
import { status } from './status';
/** Every plugin of the extension, one feature each. */
const plugins = [about, status];
export default plugins;
