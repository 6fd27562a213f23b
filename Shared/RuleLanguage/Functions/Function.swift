/// The functions of the language. Each is pure, total and the same on every machine.
enum Function: String, CaseIterable, Sendable {
    // Of CEL.
    case size, contains, startsWith, endsWith, matches
    case int, double, bool, string, timestamp, duration, dyn
    case getFullYear, getMonth, getDate, getDayOfMonth, getDayOfWeek, getDayOfYear
    case getHours, getMinutes, getSeconds, getMilliseconds
    // Of feature definitions.
    case ratio, ln, sqrt, abs, min, max, sum, avg, stddev, slope
    case share
    case smoothedShare = "smoothed_share"
    case rank, newest
    case daysSince = "days_since"
    case daysBetween = "days_between"
    case secondsSince = "seconds_since"
    case hoursSince = "hours_since"
    case monthsSince = "months_since"
    case localHour = "local_hour"
    case localWeekday = "local_weekday"
    case localDay = "local_day"
    case isLastDayOfMonth = "is_last_day_of_month"
    case cycleSin = "cycle_sin"
    case cycleCos = "cycle_cos"
    case km, code, similarity
    case latitudeE7 = "latitude_e7"
    case longitudeE7 = "longitude_e7"
    case placeE7 = "place_e7"
    case magnitude

    /// Whether the function stands behind a dot, as in `name.contains('x')`. `size` may.
    var isMethod: Bool {
        switch self {
        case .contains, .startsWith, .endsWith, .matches, .getFullYear, .getMonth, .getDate,
            .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours, .getMinutes, .getSeconds,
            .getMilliseconds:
            true
        default: false
        }
    }

    /// Share of an expression's static cost, without the entries of its lists.
    var cost: Int {
        switch self {
        case .contains, .startsWith, .endsWith: 8
        case .size: 4
        case .ln, .sqrt, .cycleSin, .cycleCos, .stddev, .slope: 8
        case .km, .similarity, .string, .timestamp, .duration: 16
        default: 2
        }
    }

    /// Whether the work grows with the entries of a list or map.
    var readsEntries: Bool {
        switch self {
        case .min, .max, .sum, .avg, .stddev, .slope, .share, .smoothedShare, .rank: true
        default: false
        }
    }
}
