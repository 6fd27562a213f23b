import Foundation
import RuleLanguage
import Testing

@testable import RiskCore

@Suite struct DatedListTests {
    private static func rules(deny: String) throws -> RuleSet {
        var sources = try RuleSources(directory: Repository.rules)
        sources.lists = sources.lists.map {
            $0.name == "lists/ip_deny.txt" ? RuleSources.File(name: $0.name, text: deny) : $0
        }
        var loader = RuleSetLoader(sources)
        return try loader.load()
    }

    private static func verdict(_ rules: RuleSet, _ address: String, at time: String) throws
        -> RuleVerdict?
    {
        var sheet = FactSheet(catalogue: rules.catalogue)
        sheet.set("ip.addr", to: .string(address))
        var evaluator = Evaluator()
        let second = try #require(Instant(dateOrTime: time)).seconds
        let run = rules.run(
            over: sheet, industry: "default", at: second, only: ["NET-010"],
            expects: { _ in true }, evaluator: &evaluator)
        return run.entries.first?.verdict ?? (run.noHits == 1 ? .noHit : nil)
    }

    @Test("entries live from the day they were added until they expire, by the event's time")
    func lifetimes() throws {
        let rules = try Self.rules(
            deny: """
                # comments and empty lines are left out

                198.51.100.1
                198.51.100.2;soc;2026-03-01
                198.51.100.3;soc;2026-03-01;2026-03-08
                198.51.100.4;soc;;2026-03-08T12:00:00Z
                198.51.100.5;soc
                198.51.100.3;soc;2026-05-01
                """.replacing("\n", with: "\r\n"))
        let days = [
            "2026-02-28T23:59:59Z", "2026-03-01", "2026-03-07T23:59:59Z", "2026-03-08",
            "2026-03-08T12:00:00Z", "2026-05-01",
        ]
        let wanted: [(String, [Bool])] = [
            ("198.51.100.1", [true, true, true, true, true, true]),
            ("198.51.100.2", [false, true, true, true, true, true]),
            ("198.51.100.3", [false, true, true, false, false, true]),
            ("198.51.100.4", [true, true, true, true, false, false]),
            ("198.51.100.5", [true, true, true, true, true, true]),
            ("198.51.100.6", [false, false, false, false, false, false]),
        ]
        for (address, holds) in wanted {
            for (day, isHit) in zip(days, holds) {
                #expect(
                    try Self.verdict(rules, address, at: day) == (isHit ? .hit : .noHit),
                    "\(address) at \(day)")
            }
        }
    }

    @Test("when an entry expires is part of the set's name; where it came from is not")
    func digest() throws {
        let first = try Self.rules(deny: "a;soc;2026-03-01;2026-03-08\n").digest
        #expect(try Self.rules(deny: "a;police;2026-03-01;2026-03-08\n").digest == first)
        #expect(try Self.rules(deny: "a;soc;2026-03-01;2026-03-09\n").digest != first)
        #expect(try Self.rules(deny: "a\n").digest != first)
    }

    @Test("a list of 200,000 entries is read, and asked as fast as a short one")
    func long() throws {
        let entries = (0..<200_000).map { "10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)" }
        var reader = ListReader()
        let lists = reader.read([
            RuleSources.File(name: "lists/long.txt", text: entries.joined(separator: "\n"))
        ])
        #expect(reader.problems.isEmpty && lists["long"]?.count == 200_000)
        let set = try #require(reader.sets["long"])
        #expect(set.count == 200_000 && set.contains("10.3.13.63") && !set.contains("10.3.13.64"))
    }
}
