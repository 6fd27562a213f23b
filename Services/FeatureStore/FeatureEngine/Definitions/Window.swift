/// The span an aggregate covers.
public struct Window: Hashable, Sendable {
    let milliseconds: Int64

    /// Reads `90s`, `5m`, `1h`, `7d`, `4w`; nil if the text is none of these, or over ten years.
    static func parse(_ text: String) -> Window? {
        guard let unit = text.utf8.last, let count = Int64(text.dropLast()), count > 0,
            text.utf8.first != UInt8(ascii: "+")
        else { return nil }
        let scale: Int64
        switch unit {
        case UInt8(ascii: "s"): scale = 1_000
        case UInt8(ascii: "m"): scale = 60_000
        case UInt8(ascii: "h"): scale = 3_600_000
        case UInt8(ascii: "d"): scale = 86_400_000
        case UInt8(ascii: "w"): scale = 7 * 86_400_000
        default: return nil
        }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: scale)
        guard !overflow, milliseconds <= 3_660 * 86_400_000 else { return nil }
        return Window(milliseconds: milliseconds)
    }

    /// A span in the largest unit that divides it, such as `3h`.
    public static func text(_ milliseconds: Int64) -> String {
        if milliseconds == Tier.ever.span { return "ever" }
        let units: [(Int64, String)] = [
            (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"),
        ]
        let unit = units.first { milliseconds % $0.0 == 0 }
        return unit.map { "\(milliseconds / $0.0)\($0.1)" } ?? "\(milliseconds) ms"
    }
}
