import ArgumentParser
import Foundation
import Wire

/// When a key begins or ends, as a person writes it: 2027-01-31, 2027-01-31T12:00:00Z, or 90d from now.
struct KeyMoment: ExpressibleByArgument {
    /// Seconds since 1970.
    let seconds: Int64

    init?(argument: String) {
        self.init(argument, now: Int64(Date().timeIntervalSince1970))
    }

    init?(_ text: String, now: Int64) {
        if let day = CalendarDate(text) {
            seconds = Int64(day.days) * 86_400
        } else if let moment = Timestamp(text) {
            seconds = moment.seconds
        } else if let unit = text.last.flatMap({ Self.units[$0] }),
            let count = Int64(text.dropLast()), (0...100_000).contains(count)
        {
            seconds = now + count * unit
        } else {
            return nil
        }
    }

    private static let units: [Character: Int64] = ["m": 60, "h": 3600, "d": 86_400]

    static func text(_ seconds: Int64?) -> String {
        seconds.flatMap { Timestamp(seconds: $0) }.map { "\($0)" } ?? "-"
    }
}
