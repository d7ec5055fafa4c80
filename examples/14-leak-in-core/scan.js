/** A parcel seen by a scanner at a station, and the stations on its way. */
export class Scan {
  constructor(parcel, station, grams) {
    this.parcel = parcel;
    this.station = station;
    this.grams = grams;
    this.at = new Date();
    this.route = Array.from({ length: 40 }, (_, stop) => (station + stop * 7) % 90);
  }
}
