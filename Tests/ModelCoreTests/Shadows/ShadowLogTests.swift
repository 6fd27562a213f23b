import AssayMessages
import Foundation
import Testing
import Wire

@testable import ModelCore

@Suite("The log of shadows")
struct ShadowLogTests {
    private static let hour: Int64 = 3_600_000

    private func row(_ id: String, at milliseconds: Int64 = 0) -> AssayModelsV1.ShadowRow {
        AssayModelsV1.ShadowRow(
            requestID: id, at: Timestamp(nanosecondsSinceEpoch: milliseconds * 1_000_000),
            revision: 1, live: .init(version: 1, margin: 0, score: 0.5, band: "medium"),
            shadow: .init(version: 2, margin: 1, score: 0.75, band: "high"))
    }

    private func ids(
        _ log: ShadowLog, _ shadow: String = "s", from first: Int64 = 0,
        before horizon: Int64 = .max
    ) throws -> [String] {
        log.drain()
        var ids: [String] = []
        try log.visit(model: "m", shadow: shadow, from: first, before: horizon) {
            ids.append($0.requestID)
        }
        return ids
    }

    private func record(_ log: ShadowLog, _ ids: some Sequence<Int>, _ shadow: String = "s") {
        for id in ids { _ = log.record(row("c-\(id)"), model: "m", shadow: shadow) }
        log.drain()
    }

    @Test("rows are kept in the order of recording, over a restart too, though the clock goes back")
    func restart() throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let log = try ShadowKit.log(kit)
        record(log, 0..<3)
        kit.clock.withLock { $0 += 1_000 }
        record(log, 3..<5)
        let health = log.health
        kit.clock.withLock { $0 -= 500 }
        let reopened = try ShadowKit.log(kit)
        #expect(reopened.health == health && health.rows == 5)
        record(reopened, 5..<7)
        #expect(try ids(reopened) == (0..<7).map { "c-\($0)" })
        #expect(reopened.shadows(of: "m") == ["s"] && reopened.shadows(of: "n").isEmpty)
        #expect(try ids(reopened, "other").isEmpty)
    }

    @Test("what is recorded after a horizon lies behind it")
    func horizon() throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let log = try ShadowKit.log(kit)
        record(log, 0..<2)
        let same = log.horizon()
        record(log, 2..<3)
        #expect(try ids(log, before: same).isEmpty)
        kit.clock.withLock { $0 += 10 }
        let horizon = log.horizon()
        kit.clock.withLock { $0 -= 10_000 }
        record(log, 3..<5)
        #expect(try ids(log, before: horizon) == ["c-0", "c-1", "c-2"])
        #expect(try ids(log, from: horizon) == ["c-3", "c-4"])
        let later = log.horizon(after: horizon + 5)
        record(log, 5..<6)
        #expect(try ids(log, from: later) == ["c-5"])
    }

    @Test("expired rows are not read, and go")
    func retention() throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let log = try ShadowKit.log(kit, limits: .init(retention: .seconds(2 * 3_600)))
        record(log, 0..<5_000)
        kit.clock.withLock { $0 += Self.hour }
        record(log, 5_000..<5_010)
        kit.clock.withLock { $0 += Self.hour + 1 }
        #expect(log.health.rows == 5_010)
        #expect(try ids(log).count == 10)
        log.trim()
        log.drain()
        #expect(log.health.rows == 10)
        kit.clock.withLock { $0 += Self.hour }
        #expect(try ids(log).isEmpty)
        record(log, 6_000..<6_001, "other")
        #expect(log.health.rows == 1 && log.shadows(of: "m") == ["other"])
        #expect(try ShadowKit.log(kit).health == log.health)
    }

    @Test("a full log takes the oldest rows of the shadow that has most of it")
    func size() throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let log = try ShadowKit.log(kit, limits: .init(bytes: 200_000))
        record(log, 0..<100, "small")
        for start in stride(from: 0, to: 10_000, by: 1_000) {
            kit.clock.withLock { $0 += 1 }
            record(log, start..<start + 1_000)
            #expect(log.health.bytes <= 200_000)
        }
        #expect(try ids(log, "small").count == 100)
        let kept = try ids(log)
        #expect(kept.last == "c-9999" && kept.count > 1_000 && kept.count < 3_000)
        #expect(kept == ((10_000 - kept.count)..<10_000).map { "c-\($0)" })
        #expect(log.health.rows == kept.count + 100)
        #expect(try ShadowKit.log(kit).health == log.health)
    }
}
