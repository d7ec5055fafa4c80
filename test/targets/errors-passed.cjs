// holter-expect {"kind":"application-errors","function":"findUser","line":7,"load":{"path":"/users/7","connections":5,"rate":200}}
// An error that nobody throws goes from callback to callback; what answers at last, as in Express, has only its text.
const { createServer } = require('node:http');

let asked = 0;
function findUser(id, callback) {
  if (++asked % 6 === 0) return callback(new Error(`user ${id} has two addresses`));
  callback(null, { id });
}

function finish(request, response, error) {
  setImmediate(report, error);
  const text = String(error.message);
  const write = () => {
    response.statusCode = 500;
    response.end(text);
  };
  request.resume();
  request.once('end', write);
}

function report() {}

function handle(request, response, next) {
  findUser(request.url.split('/').at(-1), (error, user) => {
    if (error) return next(error);
    response.end(JSON.stringify(user));
  });
}

const server = createServer((request, response) => {
  handle(request, response, (error) => finish(request, response, error));
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));
