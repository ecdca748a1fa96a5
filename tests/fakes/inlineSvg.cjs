// Stands in for react-inlinesvg, which fetches each icon: an empty <svg> with the properties that tests and tooltips use.
const { createElement } = require('react');

const NOT_SVG = ['innerRef', 'src', 'loader', 'onLoad', 'cacheRequests'];

module.exports = {
  __esModule: true,
  default: (properties) => {
    const kept = Object.entries(properties).filter(([name]) => !NOT_SVG.includes(name));
    return createElement('svg', { ...Object.fromEntries(kept), ref: properties.innerRef });
  },
};
