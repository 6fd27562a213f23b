extension Evaluator {
    /// Accessors of timestamps, in UTC or a zone, and of durations.
    func clock(
        _ function: Function, _ a: Value, zone: Value?, _ program: Program, _ frame: FactFrame
    ) -> Value {
        if a.tag == .duration, zone == nil { return elapsed(function, a.int) }
        guard a.tag == .timestamp else { return .error(.noOverload) }
        var offset: Int64 = 0
        if let zone {
            guard zone.tag == .text else { return .error(.noOverload) }
            let name = text(zone, program, frame)
            let known = TimeText.offset(name) ?? program.zones.offset(of: name, at: a.instant)
            guard let known else { return .error(.unknownZone) }
            offset = known
        }
        let time = CivilTime(a.instant, offset: offset)
        switch function {
        case .getFullYear: return .int(time.date.year)
        case .getMonth: return .int(time.date.month - 1)
        case .getDate: return .int(time.date.day)
        case .getDayOfMonth: return .int(time.date.day - 1)
        case .getDayOfWeek: return .int((time.weekday + 1) % 7)
        case .getDayOfYear: return .int(time.dayOfYear)
        case .getHours: return .int(time.hour)
        case .getMinutes: return .int(time.minute)
        case .getSeconds: return .int(time.second)
        case .getMilliseconds: return .int(Int64(a.instant.nanoseconds) / 1_000_000)
        default: return .error(.noOverload)
        }
    }

    private func elapsed(_ function: Function, _ nanoseconds: Int64) -> Value {
        switch function {
        case .getHours: .int(nanoseconds / 3_600_000_000_000)
        case .getMinutes: .int(nanoseconds / 60_000_000_000)
        case .getSeconds: .int(nanoseconds / 1_000_000_000)
        case .getMilliseconds: .int(nanoseconds / 1_000_000 % 1_000)
        default: .error(.noOverload)
        }
    }

    /// Time from one instant to another, in milliseconds and rounded down, as the feature store
    /// counts. `days_between` has its times in order; the others end at the time of reading.
    func span(_ function: Function, _ from: Value, _ to: Value) -> Value {
        guard from.tag == .timestamp, to.tag == .timestamp else { return .error(.noOverload) }
        let milliseconds = to.instant.milliseconds - from.instant.milliseconds
        switch function {
        case .daysSince, .daysBetween: return .int(milliseconds.flooredQuotient(by: 86_400_000))
        case .secondsSince: return .int(milliseconds.flooredQuotient(by: 1_000))
        case .hoursSince: return .double(Double(milliseconds) / 3_600_000)
        default: return .int(Self.months(from.instant, to.instant))
        }
    }

    /// Whole months of the calendar: the day and time of day of the start must be reached again.
    private static func months(_ from: Instant, _ to: Instant) -> Int64 {
        if to < from { return -months(to, from) }
        let (a, b) = (CivilTime(from), CivilTime(to))
        let months = (b.date.year - a.date.year) * 12 + b.date.month - a.date.month
        let isReached =
            b.date.day != a.date.day
            ? b.date.day > a.date.day : b.secondOfDay >= a.secondOfDay
        return isReached ? months : months - 1
    }

    /// Local time: the event's minutes ahead of UTC, Monday is 0.
    func local(_ function: Function, _ a: Value, offset: Value) -> Value {
        guard a.tag == .timestamp, offset.tag == .int else { return .error(.noOverload) }
        guard (-1_440...1_440).contains(offset.int) else {
            return .error(.outOfRange)
        }
        let time = CivilTime(a.instant, offset: offset.int * 60)
        switch function {
        case .localHour: return .int(time.hour)
        case .localWeekday: return .int(time.weekday)
        case .localDay: return .int(time.date.day)
        default: return .bool(time.date.day == time.date.daysInMonth)
        }
    }
}
