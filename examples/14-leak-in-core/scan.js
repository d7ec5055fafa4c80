/** A parcel seen by a scanner at a station. */
export class Scan {
  constructor(parcel, station, grams) {
    this.parcel = parcel;
    this.station = station;
    this.grams = grams;
    this.at = new Date();
  }
}
