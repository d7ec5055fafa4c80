// Twenty-four kinds of things, each in a list of its own that only grows.
const fill = (size) => new Array(size).fill(0.5);

class Route {
  data = fill(200);
}
class Query {
  data = fill(200);
}
class Page {
  data = fill(200);
}
class Token {
  data = fill(200);
}
class Menu {
  data = fill(200);
}
class Widget {
  data = fill(200);
}
class Locale {
  data = fill(200);
}
class Price {
  data = fill(200);
}
class Image {
  data = fill(200);
}
class Theme {
  data = fill(200);
}
class Draft {
  data = fill(200);
}
class Coupon {
  data = fill(200);
}
class Invoice {
  data = fill(200);
}
class Parcel {
  data = fill(200);
}
class Rating {
  data = fill(200);
}
class Review {
  data = fill(200);
}
class Banner {
  data = fill(200);
}
class Filter {
  data = fill(200);
}
class Facet {
  data = fill(200);
}
class Bundle {
  data = fill(200);
}
class Ticket {
  data = fill(200);
}
class Quota {
  data = fill(200);
}
class Report {
  data = fill(200);
}
class Ledger {
  data = fill(200);
}

const kinds = [
  Route,
  Query,
  Page,
  Token,
  Menu,
  Widget,
  Locale,
  Price,
  Image,
  Theme,
  Draft,
  Coupon,
  Invoice,
  Parcel,
  Rating,
  Review,
  Banner,
  Filter,
  Facet,
  Bundle,
  Ticket,
  Quota,
  Report,
  Ledger,
];
const lists = kinds.map(() => []);

exports.use = () => {
  kinds.forEach((Kind, at) => {
    lists[at].push(new Kind());
  });
};
