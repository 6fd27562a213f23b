/// Writes one JSON object on one line. Whatever a value holds, it cannot end the line or the value:
/// control characters, quotes and backslashes are escaped, and so are the separators U+2028 and
/// U+2029, at which some readers break lines.
struct JSONLogLine: ~Copyable {
    private var isFirst = true

    init(to output: inout [UInt8], unixMilliseconds: Int64) {
        output.append(UInt8(ascii: "{"))
        key("ts", to: &output)
        output.append(UInt8(ascii: "\""))
        LogTime.write(unixMilliseconds, to: &output)
        output.append(UInt8(ascii: "\""))
    }

    consuming func end(_ output: inout [UInt8]) {
        output.append(contentsOf: "}\n".utf8)
    }

    mutating func number(_ name: StaticString, _ value: Int, to output: inout [UInt8]) {
        key(name, to: &output)
        if value < 0 { output.append(UInt8(ascii: "-")) }
        LogTime.write(Int64(clamping: value.magnitude), digits: 1, to: &output)
    }

    mutating func boolean(_ name: StaticString, _ value: Bool, to output: inout [UInt8]) {
        key(name, to: &output)
        output.append(contentsOf: value ? "true".utf8 : "false".utf8)
    }

    /// Microseconds.
    mutating func time(_ name: StaticString, _ value: Duration, to output: inout [UInt8]) {
        let (seconds, rest) = value.components
        number(name, Int(max(0, seconds * 1_000_000 + rest / 1_000_000_000_000)), to: &output)
    }

    mutating func time(
        _ name: StaticString, nanoseconds: Int64, to output: inout [UInt8]
    ) {
        number(name, Int(max(0, nanoseconds) / 1_000), to: &output)
    }

    mutating func text(_ name: StaticString, _ value: String, to output: inout [UInt8]) {
        key(name, to: &output)
        Self.quote(value, to: &output)
    }

    /// A word of ours, which needs no escapes.
    mutating func word(_ name: StaticString, _ value: StaticString, to output: inout [UInt8]) {
        key(name, to: &output)
        output.append(UInt8(ascii: "\""))
        output.append(
            contentsOf: UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
        output.append(UInt8(ascii: "\""))
    }

    /// Nothing if there is nothing to say.
    mutating func known(_ name: StaticString, _ value: String, to output: inout [UInt8]) {
        if !value.isEmpty { text(name, value, to: &output) }
    }

    mutating func texts(_ name: StaticString, _ values: [String], to output: inout [UInt8]) {
        key(name, to: &output)
        output.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            Self.quote(value, to: &output)
        }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func key(_ name: StaticString, to output: inout [UInt8]) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        output.append(UInt8(ascii: "\""))
        output.append(
            contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        output.append(contentsOf: "\":".utf8)
    }

    /// The first two bytes that U+2028 and U+2029 have in UTF-8.
    private static func endsLikeSeparator(_ output: [UInt8]) -> Bool {
        output.count >= 2 && output[output.count - 2] == 0xE2 && output[output.count - 1] == 0x80
    }

    private static func quote(_ value: String, to output: inout [UInt8]) {
        var value = value
        value.withUTF8 { bytes in
            output.append(UInt8(ascii: "\""))
            if bytes.contains(where: mayNeedEscape) {
                for byte in bytes { escape(byte, to: &output) }
            } else {
                output.append(contentsOf: bytes)
            }
            output.append(UInt8(ascii: "\""))
        }
    }

    /// Most texts have no such byte, and go as they are. 0xE2 begins the two separators.
    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F || byte == 0xE2
    }

    private static func escape(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            output.append(UInt8(ascii: "\\"))
            output.append(byte)
        case 0..<0x20, 0x7F:
            output.append(contentsOf: "\\u00".utf8)
            output.append(contentsOf: String(byte >> 4, radix: 16).utf8)
            output.append(contentsOf: String(byte & 15, radix: 16).utf8)
        case 0xA8 where endsLikeSeparator(output), 0xA9 where endsLikeSeparator(output):
            output.removeLast(2)
            output.append(contentsOf: byte == 0xA8 ? "\\u2028".utf8 : "\\u2029".utf8)
        default: output.append(byte)
        }
    }
}

/// Moments as RFC 3339 has them, in UTC with milliseconds.
enum LogTime {
    static func write(_ unixMilliseconds: Int64, to output: inout [UInt8]) {
        let milliseconds = min(max(unixMilliseconds, 0), 253_402_300_799_999)
        let (day, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000)
        let (year, month, date) = civil(day)
        write(year, digits: 4, to: &output)
        output.append(UInt8(ascii: "-"))
        write(month, digits: 2, to: &output)
        output.append(UInt8(ascii: "-"))
        write(date, digits: 2, to: &output)
        output.append(UInt8(ascii: "T"))
        write(rest / 3_600_000, digits: 2, to: &output)
        output.append(UInt8(ascii: ":"))
        write(rest / 60_000 % 60, digits: 2, to: &output)
        output.append(UInt8(ascii: ":"))
        write(rest / 1000 % 60, digits: 2, to: &output)
        output.append(UInt8(ascii: "."))
        write(rest % 1000, digits: 3, to: &output)
        output.append(UInt8(ascii: "Z"))
    }

    /// A number that is not negative, with zeros before it up to so many digits.
    static func write(_ number: Int64, digits minimum: Int, to output: inout [UInt8]) {
        let start = output.count
        var rest = number
        repeat {
            output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0 || output.count - start < minimum
        var (low, high) = (start, output.count - 1)
        while low < high {
            output.swapAt(low, high)
            (low, high) = (low + 1, high - 1)
        }
    }

    /// Year, month and day of a day since 1970 (H. Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms", civil_from_days), for days from 1970 on.
    private static func civil(_ day: Int64) -> (Int64, Int64, Int64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let dayOfYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
