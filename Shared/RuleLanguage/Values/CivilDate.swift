/// A day of the proleptic Gregorian calendar. The conversions shift the year to start in March, so
/// that the leap day is its last (Hinnant, "chrono-compatible low-level date algorithms").
struct CivilDate: Equatable {
    var year: Int64
    /// From 1.
    var month: Int64
    /// From 1.
    var day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// - Parameter days: since 1970-01-01.
    init(days: Int64) {
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01.
    var days: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    var isLeapYear: Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    var daysInMonth: Int64 {
        switch month {
        case 2: isLeapYear ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// The clock and calendar at an instant, in a zone of fixed offset.
struct CivilTime {
    let date: CivilDate
    /// Since midnight.
    let secondOfDay: Int64
    private let days: Int64

    init(_ instant: Instant, offset: Int64 = 0) {
        let local = instant.seconds + offset
        days = local.flooredQuotient(by: 86_400)
        secondOfDay = local - days * 86_400
        date = CivilDate(days: days)
    }

    var hour: Int64 { secondOfDay / 3_600 }
    var minute: Int64 { secondOfDay / 60 % 60 }
    var second: Int64 { secondOfDay % 60 }
    /// From 0.
    var dayOfYear: Int64 { days - CivilDate(year: date.year, month: 1, day: 1).days }
    /// From 0, Monday.
    var weekday: Int64 {
        let shifted = days + 3
        return shifted - shifted.flooredQuotient(by: 7) * 7
    }
}
