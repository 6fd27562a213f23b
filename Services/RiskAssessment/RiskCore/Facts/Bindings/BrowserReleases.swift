internal import Wire

/// When versions of browsers came out, by their makers' release calendars as of October 2025.
/// Versions between two that are listed came evenly; newer ones count as new.
enum BrowserReleases {
    /// Months since the version was released; absent of a browser or version nobody knows.
    static func age(of browser: String, _ version: String, at seconds: Int64) -> FactReading {
        guard let releases = releases(of: browser.lowercased()), let major = major(version) else {
            return .absent
        }
        guard let day = CalendarDay.containing(seconds) else { return .missing(.error) }
        let now = day.year * 12 + day.month - 1
        return .int(Int64(max(0, now - month(of: major, in: releases))))
    }

    private struct Release {
        let major: Int
        /// Months since the year 0.
        let month: Int

        init(_ major: Int, _ year: Int, _ month: Int) {
            self.major = major
            self.month = year * 12 + month - 1
        }
    }

    private static func major(_ version: String) -> Int? {
        let digits = version.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
        return digits.isEmpty || digits.count > 6 ? nil : Int(Substring(digits))
    }

    private static func month(of major: Int, in releases: [Release]) -> Int {
        guard let next = releases.firstIndex(where: { $0.major >= major }) else {
            return releases[releases.count - 1].month
        }
        let after = releases[next]
        guard next > 0, after.major > major else { return after.month }
        let before = releases[next - 1]
        return before.month
            + (after.month - before.month) * (major - before.major) / (after.major - before.major)
    }

    private static func releases(of browser: String) -> [Release]? {
        switch browser {
        case "chrome", "chromium", "chrome mobile", "edge", "microsoft edge": chromium
        case "firefox", "firefox mobile": firefox
        case "safari", "mobile safari": safari
        default: nil
        }
    }

    private static let chromium = [
        Release(1, 2008, 12), Release(20, 2012, 6), Release(40, 2015, 1), Release(50, 2016, 4),
        Release(60, 2017, 7), Release(70, 2018, 10), Release(80, 2020, 2), Release(90, 2021, 4),
        Release(100, 2022, 3), Release(110, 2023, 2), Release(120, 2023, 12),
        Release(130, 2024, 10), Release(141, 2025, 9),
    ]

    private static let firefox = [
        Release(1, 2004, 11), Release(4, 2011, 3), Release(17, 2012, 11), Release(38, 2015, 5),
        Release(52, 2017, 3), Release(60, 2018, 5), Release(72, 2020, 1), Release(84, 2020, 12),
        Release(100, 2022, 5), Release(115, 2023, 7), Release(128, 2024, 7),
        Release(140, 2025, 6), Release(144, 2025, 10),
    ]

    private static let safari = [
        Release(1, 2003, 6), Release(5, 2010, 6), Release(9, 2015, 9), Release(12, 2018, 9),
        Release(14, 2020, 9), Release(16, 2022, 9), Release(18, 2024, 9), Release(26, 2025, 9),
    ]
}

/// Days that moments lie in.
enum CalendarDay {
    /// The day in UTC; nil outside the years that dates have.
    static func containing(_ seconds: Int64) -> CalendarDate? {
        let day = Int64.secondsPerDay
        let whole = seconds / day - (seconds % day < 0 ? 1 : 0)
        return Int32(exactly: whole).flatMap { CalendarDate(daysSinceEpoch: $0) }
    }
}
