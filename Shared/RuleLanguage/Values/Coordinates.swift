/// A place on Earth in steps of 10⁻⁷ degrees (1.1 cm), so that every machine holds the same one.
public struct Coordinates: Sendable, Hashable {
    /// Degrees · 10⁷, north positive.
    public let latitude: Int32
    /// Degrees · 10⁷, east positive.
    public let longitude: Int32

    /// Nil outside of ±90 and ±180 degrees.
    public init?(latitude: Double, longitude: Double) {
        guard abs(latitude) <= 90, abs(longitude) <= 180 else { return nil }
        self.latitude = Int32((latitude * 1e7).rounded())
        self.longitude = Int32((longitude * 1e7).rounded())
    }

    /// In degrees · 10⁷; nil outside of ±90 and ±180 degrees.
    public init?(latitudeE7 latitude: Int32, longitudeE7 longitude: Int32) {
        guard latitude.magnitude <= 900_000_000, longitude.magnitude <= 1_800_000_000 else {
            return nil
        }
        self.latitude = latitude
        self.longitude = longitude
    }

    init(packed: UInt64) {
        latitude = Int32(truncatingIfNeeded: packed >> 32)
        longitude = Int32(truncatingIfNeeded: packed)
    }

    var packed: UInt64 {
        UInt64(UInt32(bitPattern: latitude)) << 32 | UInt64(UInt32(bitPattern: longitude))
    }
}
