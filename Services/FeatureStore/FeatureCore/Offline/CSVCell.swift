internal import AssayMessages
internal import FeatureEngine
internal import Wire

/// What the cells of a file of events mean.
enum CSVCell {
    struct Malformed: Error {
        let message: String
        init(_ message: String) { self.message = message }
    }

    typealias Reading = Result<AssayFeaturesV1.FieldValue, Malformed>

    static func value(_ text: String, _ type: FieldType) -> Reading {
        switch type {
        case .int:
            if let number = Int64(text) { return .success(.integer(number)) }
            return malformed(text, "a whole number")
        case .double:
            if let number = Double(text), number.isFinite { return .success(.number(number)) }
            return malformed(text, "a finite number")
        case .bool:
            switch text {
            case "1", "true": return .success(.flag(true))
            case "0", "false": return .success(.flag(false))
            default: return malformed(text, "true, false, 1 or 0")
            }
        case .timestamp:
            if let time = timestamp(text) { return .success(.time(time)) }
            return malformed(text, "a time such as 2025-10-09T08:53:20Z")
        case .date:
            if let day = CalendarDate(text) { return .success(.day(day)) }
            return malformed(text, "a day such as 2025-10-09")
        default:
            guard text.utf8.count <= 1_024 else { return .failure(Malformed("over 1,024 bytes")) }
            return .success(.text(text))
        }
    }

    /// In major units. `currency` is empty where the file names none.
    static func money(_ text: String, currency: String, base: CurrencyCode) -> Reading {
        guard let code = currency.isEmpty ? base : CurrencyCode(currency) else {
            return malformed(currency, "a currency such as EUR")
        }
        guard let amount = Decimal64(text) else {
            return malformed(text, "an amount such as 12.50")
        }
        return .success(.amount(Money(amount, code)))
    }

    static func place(_ latitude: String, _ longitude: String?, country: String) -> Reading {
        guard let north = Double(latitude), (-90...90).contains(north), let longitude,
            let east = Double(longitude), (-180...180).contains(east), country.utf8.count <= 2
        else {
            return .failure(
                Malformed("not degrees north (−90 to 90) and east (−180 to 180), and a country"))
        }
        return .success(
            .place(AssayTypesV1.Place(latitude: north, longitude: east, country: country)))
    }

    /// RFC 3339; or milliseconds since 1970, as a whole number.
    static func timestamp(_ text: String) -> Timestamp? {
        if let time = Timestamp(text) { return time }
        guard let milliseconds = Int64(text),
            (0...EngineEvent.latestTime).contains(milliseconds)
        else { return nil }
        return Timestamp(milliseconds: milliseconds)
    }

    private static func malformed(_ text: String, _ what: String) -> Reading {
        .failure(Malformed("\"\(text.prefix(40))\" is not \(what)"))
    }
}
