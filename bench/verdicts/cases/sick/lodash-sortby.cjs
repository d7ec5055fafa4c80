// holter-expect {"kind":"event-loop-blocked","also":["gc-pressure"],"functions":["relevance","search"],"line":14,"lines":[12,13,14,15,16,19],"load":{"path":"/search?q=red","connections":5}}
'use strict';
const http = require('node:http');
const _ = require('lodash');

const articles = _.times(70_000, (id) => ({
  id,
  title: `A ${['red', 'blue', 'green'][id % 3]} thing ${id}`,
  tags: _.range(id % 30),
}));

function relevance(article, query) {
  const words = article.title.toLowerCase().split(/\s+/);
  const hits = words.filter((word) => _.includes(_.deburr(word), query)).length;
  return -hits + _.sum(article.tags) / 1e6;
}

function search(query) {
  const sorted = _.sortBy(articles, (article) => relevance(article, query));
  return _.take(sorted, 10);
}

const server = http.createServer((req, res) => {
  res.end(JSON.stringify(search('red')));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
