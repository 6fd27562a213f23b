/// A day of the proleptic Gregorian calendar, in the years 1 to 9999.
@frozen
public struct CalendarDate: Sendable, Hashable {
    /// Days since 1970-01-01.
    public let days: Int32

    /// Nil outside the years 1 to 9999.
    @inlinable
    public init?(daysSinceEpoch days: Int32) {
        guard days >= -719_162, days <= 2_932_896 else { return nil }
        self.days = days
    }

    @inlinable
    init(uncheckedDays: Int32) { days = uncheckedDays }

    /// Nil if there is no such day.
    public init?(year: Int, month: Int, day: Int) {
        guard year >= 1, year <= 9999, month >= 1, month <= 12, day >= 1, day <= 31 else {
            return nil
        }
        let days = Self.days(year: year, month: month, day: day)
        self.init(uncheckedDays: Int32(days))
        guard self.year == year, self.month == month, self.day == day else { return nil }
    }

    /// 1970-01-01, the placeholder of a required field that is not set yet.
    @inlinable public static func blank() -> CalendarDate { CalendarDate(uncheckedDays: 0) }

    public var year: Int { Self.civil(Int(days)).year }
    public var month: Int { Self.civil(Int(days)).month }
    public var day: Int { Self.civil(Int(days)).day }

    /// Days since 1970-01-01, by Howard Hinnant's `days_from_civil`.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let shifted = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * shifted + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Year, month and day, by Howard Hinnant's `civil_from_days`.
    static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let leaps = dayOfEra / 1460 - dayOfEra / 36_524 + dayOfEra / 146_096
        let yearOfEra = (dayOfEra - leaps) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension CalendarDate: Comparable {
    @inlinable
    public static func < (a: CalendarDate, b: CalendarDate) -> Bool { a.days < b.days }
}
