/// Functions of places, in steps of 10⁻⁷ degrees.
enum Places {
    static func apply(_ function: Function, _ a: Value, _ b: Value) -> Value {
        if function == .placeE7 { return place(a, b) }
        guard a.tag == .place else { return .error(.noOverload) }
        switch function {
        case .latitudeE7: return .int(Int64(a.coordinates.latitude))
        case .longitudeE7: return .int(Int64(a.coordinates.longitude))
        default:
            guard b.tag == .place else { return .error(.noOverload) }
            return .double(GreatCircle.kilometres(a.coordinates, b.coordinates))
        }
    }

    /// From numbers; a part of a step is rounded to the nearest, half away from zero.
    private static func place(_ latitude: Value, _ longitude: Value) -> Value {
        guard latitude.isNumber, longitude.isNumber else { return .error(.noOverload) }
        guard let north = Int32(exactly: latitude.asDouble.rounded()),
            let east = Int32(exactly: longitude.asDouble.rounded()),
            let place = Coordinates(latitudeE7: north, longitudeE7: east)
        else { return .error(.outOfRange) }
        return .place(place)
    }
}
