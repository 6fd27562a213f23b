/// The text forms of times and dates: RFC 3339 for `Timestamp`, `1.5s` for `TimeSpan`,
/// `2026-11-30` for `CalendarDate`.
struct DateTimeScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }
    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skip(_ character: Character) -> Bool {
        guard let byte = character.asciiValue, peek == byte else { return false }
        position += 1
        return true
    }

    /// Exactly `count` digits.
    mutating func number(_ count: Int) -> Int? {
        guard bytes.count - position >= count else { return nil }
        var value = 0
        for _ in 0..<count {
            guard let digit = peek, digit >= 0x30, digit <= 0x39 else { return nil }
            value = value * 10 + Int(digit - 0x30)
            position += 1
        }
        return value
    }

    /// One to nine digits behind a decimal point, as nanoseconds.
    mutating func fraction() -> Int? {
        var value = 0
        var places = 0
        while let digit = peek, digit >= 0x30, digit <= 0x39 {
            guard places < 9 else { return nil }
            value = value * 10 + Int(digit - 0x30)
            places += 1
            position += 1
        }
        guard places > 0 else { return nil }
        for _ in places..<9 { value *= 10 }
        return value
    }

    mutating func date() -> CalendarDate? {
        guard let year = number(4), skip("-"), let month = number(2), skip("-"),
            let day = number(2)
        else { return nil }
        return CalendarDate(year: year, month: month, day: day)
    }
}

/// `.250`: nothing for zero, else 3, 6 or 9 digits.
private func fractionText(_ nanoseconds: Int) -> String {
    if nanoseconds == 0 { return "" }
    if nanoseconds % 1_000_000 == 0 { return "." + padded(nanoseconds / 1_000_000, 3) }
    if nanoseconds % 1000 == 0 { return "." + padded(nanoseconds / 1000, 6) }
    return "." + padded(nanoseconds, 9)
}

private func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC, with 0, 3, 6 or 9 fraction digits: `2025-10-09T08:53:20.250Z`.
    public var description: String {
        var (day, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        if second < 0 {
            day -= 1
            second += 86_400
        }
        let date = CalendarDate(uncheckedDays: Int32(truncatingIfNeeded: day))
        let clock = [second / 3600, second / 60 % 60, second % 60].map { padded(Int($0), 2) }
        return "\(date)T\(clock.joined(separator: ":"))\(fractionText(nanoseconds))Z"
    }

    /// Reads RFC 3339 with any offset and up to nine fraction digits; nil for anything else, and for
    /// a leap second, which has no place in seconds since 1970.
    public init?(_ text: String) {
        var scanner = DateTimeScanner(text)
        guard let date = scanner.date(), scanner.skip("T") || scanner.skip("t"),
            let hour = scanner.number(2), hour < 24, scanner.skip(":"),
            let minute = scanner.number(2), minute < 60, scanner.skip(":"),
            let second = scanner.number(2), second < 60
        else { return nil }
        var nanoseconds = 0
        if scanner.skip(".") {
            guard let fraction = scanner.fraction() else { return nil }
            nanoseconds = fraction
        }
        guard let offset = Self.offset(&scanner), scanner.isAtEnd else { return nil }
        let local = Int64(date.days) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        self.init(seconds: local - Int64(offset), nanoseconds: nanoseconds)
    }

    /// Seconds east of UTC.
    private static func offset(_ scanner: inout DateTimeScanner) -> Int? {
        if scanner.skip("Z") || scanner.skip("z") { return 0 }
        let east = scanner.skip("+")
        guard east || scanner.skip("-"), let hours = scanner.number(2), hours < 24,
            scanner.skip(":"), let minutes = scanner.number(2), minutes < 60
        else { return nil }
        return (east ? 1 : -1) * (hours * 3600 + minutes * 60)
    }
}

extension TimeSpan: CustomStringConvertible {
    /// Seconds with as many fraction digits as needed: `1.5s`.
    public var description: String {
        let sign = seconds < 0 || nanoseconds < 0 ? "-" : ""
        let fraction = trimmed(fractionText(Int(nanoseconds.magnitude)))
        return "\(sign)\(seconds.magnitude)\(fraction)s"
    }

    private func trimmed(_ fraction: String) -> String {
        var text = fraction
        while text.last == "0" { text.removeLast() }
        return text
    }

    /// Reads `[-]seconds[.fraction]s`, up to nine fraction digits; nil for anything else.
    public init?(_ text: String) {
        var scanner = DateTimeScanner(text)
        let negative = scanner.skip("-")
        var seconds: Int64 = 0
        var digits = 0
        while let digit = scanner.number(1) {
            guard digits < 12 else { return nil }
            seconds = seconds * 10 + Int64(digit)
            digits += 1
        }
        var nanoseconds = 0
        if digits > 0, scanner.skip(".") {
            guard let fraction = scanner.fraction() else { return nil }
            nanoseconds = fraction
        }
        guard digits > 0, scanner.skip("s"), scanner.isAtEnd else { return nil }
        self.init(
            seconds: negative ? -seconds : seconds,
            nanoseconds: negative ? -nanoseconds : nanoseconds)
    }
}

extension CalendarDate: CustomStringConvertible {
    /// `2026-11-30`.
    public var description: String {
        let (year, month, day) = Self.civil(Int(days))
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// Reads `YYYY-MM-DD`; nil for anything else, and for days that do not exist.
    public init?(_ text: String) {
        var scanner = DateTimeScanner(text)
        guard let date = scanner.date(), scanner.isAtEnd else { return nil }
        self = date
    }
}
