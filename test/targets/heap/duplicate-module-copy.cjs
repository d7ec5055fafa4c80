const table = new Array(3000).fill(0.5);

exports.Template = class Template {
  constructor(id) {
    this.id = id;
    this.table = table;
  }
};
