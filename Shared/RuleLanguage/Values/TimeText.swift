/// Reads and writes instants (RFC 3339), durations (`1h30m`, `-1.5s`) and zone offsets (`-02:30`).
struct TimeText {
    private let bytes: [UInt8]
    private var at = 0

    private init(_ text: String) { bytes = Array(text.utf8) }

    private var isAtEnd: Bool { at == bytes.count }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func digits(_ counts: ClosedRange<Int>) -> (value: Int64, count: Int)? {
        var value: Int64 = 0
        let start = at
        while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39, at - start < counts.upperBound
        {
            value = value * 10 + Int64(bytes[at] - 0x30)
            at += 1
        }
        return counts.contains(at - start) ? (value, at - start) : nil
    }

    private mutating func fraction() -> Int64? {
        guard let (value, count) = digits(1...9) else { return nil }
        return (count..<9).reduce(value) { value, _ in value * 10 }
    }

    // MARK: Instants

    static func instant(_ text: String) -> Instant? {
        guard text.utf8.count <= 64 else { return nil }
        var reader = TimeText(text)
        return reader.instant()
    }

    private mutating func instant() -> Instant? {
        guard let year = digits(4...4)?.value, accept("-"), let month = digits(2...2)?.value,
            accept("-"), let day = digits(2...2)?.value, accept("T") || accept("t"),
            let hour = digits(2...2)?.value, accept(":"), let minute = digits(2...2)?.value,
            accept(":"), let second = digits(2...2)?.value
        else { return nil }
        var nanoseconds: Int64 = 0
        if accept(".") {
            guard let value = fraction() else { return nil }
            nanoseconds = value
        }
        guard let offset = zone(), isAtEnd, (1...12).contains(month), hour < 24, minute < 60,
            second < 60
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard (1...date.daysInMonth).contains(day) else { return nil }
        return Instant(
            checkedSeconds: date.days * 86_400 + hour * 3_600 + minute * 60 + second - offset,
            nanoseconds: Int32(nanoseconds))
    }

    private mutating func zone() -> Int64? {
        if accept("Z") || accept("z") { return 0 }
        guard at < bytes.count, bytes[at] == 0x2B || bytes[at] == 0x2D else { return nil }
        return offset()
    }

    /// Seconds east of UTC of an offset such as `+11:00` or `02:00`.
    static func offset(_ text: String) -> Int64? {
        var reader = TimeText(text)
        guard let offset = reader.offset(), reader.isAtEnd else { return nil }
        return offset
    }

    private mutating func offset() -> Int64? {
        let isNegative = accept("-")
        if !isNegative { _ = accept("+") }
        guard let hours = digits(2...2)?.value, accept(":"), let minutes = digits(2...2)?.value,
            hours < 24, minutes < 60
        else { return nil }
        return (isNegative ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }

    static func text(of instant: Instant) -> String {
        let time = CivilTime(instant)
        var text =
            padded(time.date.year, 4) + "-" + padded(time.date.month, 2) + "-"
            + padded(time.date.day, 2) + "T" + padded(time.hour, 2) + ":" + padded(time.minute, 2)
            + ":" + padded(time.second, 2)
        text += fractionText(Int64(instant.nanoseconds))
        return text + "Z"
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func fractionText(_ nanoseconds: Int64) -> String {
        guard nanoseconds > 0 else { return "" }
        var digits = padded(nanoseconds, 9)
        while digits.hasSuffix("0") { digits.removeLast() }
        return "." + digits
    }

    // MARK: Durations

    /// Nanoseconds; nil if the text is no duration or over 64 bits.
    static func duration(_ text: String) -> Int64? {
        guard text.utf8.count <= 64 else { return nil }
        var reader = TimeText(text)
        return reader.duration()
    }

    private mutating func duration() -> Int64? {
        let isNegative = accept("-")
        if !isNegative { _ = accept("+") }
        if bytes.count - at == 1, accept("0") { return 0 }
        var total: Int64 = 0
        repeat {
            guard let part = durationPart() else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(isNegative ? -part : part)
            if overflow { return nil }
            total = sum
        } while !isAtEnd
        return total
    }

    private mutating func durationPart() -> Int64? {
        guard let (whole, digitCount) = digits(0...18) else { return nil }
        var billionths: Int64 = 0
        let hasFraction = accept(".")
        if hasFraction {
            guard let value = fraction() else { return nil }
            billionths = value
        }
        guard digitCount > 0 || hasFraction, let unit = unit() else { return nil }
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: unit)
        let part = billionths.multipliedFullWidth(by: unit)
        let rest = Int64(1_000_000_000).dividingFullWidth(part).quotient
        let (sum, overflow2) = scaled.addingReportingOverflow(rest)
        return overflow || overflow2 ? nil : sum
    }

    private mutating func unit() -> Int64? {
        if accept("h") { return 3_600_000_000_000 }
        if accept("s") { return 1_000_000_000 }
        if accept("n") { return accept("s") ? 1 : nil }
        if accept("u") { return accept("s") ? 1_000 : nil }
        guard accept("m") else { return nil }
        return accept("s") ? 1_000_000 : 60_000_000_000
    }

    static func text(ofDuration nanoseconds: Int64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        let rest = (nanoseconds % 1_000_000_000).magnitude
        let sign = nanoseconds < 0 && seconds == 0 ? "-" : ""
        return sign + String(seconds) + fractionText(Int64(rest)) + "s"
    }
}
