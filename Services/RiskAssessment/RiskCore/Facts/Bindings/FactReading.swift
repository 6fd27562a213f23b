internal import Wire

/// What one field of a request says of a fact.
enum FactReading: Sendable, Hashable {
    /// The field was not sent.
    case absent
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case text(String)
    case texts([String])
    /// The source answered that it never happened; the catalogue says what that reads as.
    case never
    /// Something was sent that cannot be read, or not by this service.
    case missing(FactStatus)
}

extension FactReading {
    /// An empty text of a request is one that was not sent.
    static func text(unlessEmpty text: String) -> FactReading {
        text.isEmpty ? .absent : .text(text)
    }

    static func bool(_ value: Bool?) -> FactReading { value.map { .bool($0) } ?? .absent }

    static func int(_ value: Int64?) -> FactReading { value.map { .int($0) } ?? .absent }

    static func double(_ value: Double?) -> FactReading { value.map { .double($0) } ?? .absent }
}

/// What readings depend on beside their field.
struct FactContext: Sendable {
    /// When the event happened, in seconds since 1970.
    let seconds: Int64
    /// Minutes east of UTC at the place of the event.
    let offsetMinutes: Int64
    /// Money of another currency cannot be compared with the rules' amounts.
    let baseCurrency: CurrencyCode?
    let hashes: KeyedHash

    /// Minor units of the base currency; missing in any other, or with more than two decimals.
    func money(_ money: Money?) -> FactReading {
        guard let money else { return .absent }
        guard money.currency == baseCurrency else { return .missing(.unavailable) }
        return money.minorUnits(digits: 2).map { .int($0) } ?? .missing(.error)
    }

    /// Whole units of so many seconds since a moment. One in the future is a clock that is ahead.
    func age(of moment: Timestamp, in unit: Int64) -> FactReading {
        let (age, overflow) = seconds.subtractingReportingOverflow(moment.seconds)
        return overflow ? .missing(.error) : .int(max(0, age) / unit)
    }

    /// As above, where a moment that was not sent means that it never happened, if only the source
    /// answered at all.
    func age(
        of moment: Timestamp?, in unit: Int64, ifAnswered hasAnswered: Bool
    ) -> FactReading {
        moment.map { age(of: $0, in: unit) } ?? (hasAnswered ? .never : .absent)
    }

    /// Seconds since 1970 on the clock of the place.
    var localSeconds: Int64 { seconds + offsetMinutes * 60 }
}

extension Int64 {
    static let secondsPerMinute: Int64 = 60
    static let secondsPerHour: Int64 = 3_600
    static let secondsPerDay: Int64 = 86_400
}
