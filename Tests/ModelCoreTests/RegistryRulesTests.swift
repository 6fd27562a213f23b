import AssayMessages
import RPC
import Testing

@testable import ModelCore

/// Random operations on a registry over real files, beside the same rules on paper.
@Suite("The rules of the registry")
struct RegistryRulesTests {
    private static let people = ["ann", "bob", "carol"]
    private static let aliases = ["champion", "next"]

    /// One operation, as both understand it.
    private enum Operation {
        case register(String)
        case move(String, to: Int, from: Int, generation: Int, String)
        case rollback(String, to: Int, String)
        case delete(String, from: Int, generation: Int)
        case approve(Int, PlainRegistry.Decision, String)
        case set(Int, PlainRegistry.Status)
    }

    private func random(
        _ plain: PlainRegistry, _ numbers: inout SeededNumbers
    ) -> Operation {
        let person = Self.people.randomElement(using: &numbers)!
        let alias = Self.aliases.randomElement(using: &numbers)!
        let version = Int.random(in: 1...max(1, plain.versions.count) + 1, using: &numbers)
        let present = plain.aliases[alias]
        switch Int.random(in: 0..<20, using: &numbers) {
        case 0...1 where plain.versions.count < 8: return .register(person)
        case 0...6:
            let isLate = Int.random(in: 0..<8, using: &numbers) == 0
            return .move(
                alias, to: version, from: present?.version ?? 0,
                generation: (present?.generation ?? 0) + (isLate ? 1 : 0), person)
        case 7...9:
            let known = min(version, plain.versions.count)
            return .rollback(
                alias, to: Bool.random(using: &numbers) ? 0 : known, person)
        case 10:
            return .delete(
                alias, from: present?.version ?? 0, generation: present?.generation ?? 0)
        case 11...15:
            return .approve(
                version, PlainRegistry.Decision.allCases.randomElement(using: &numbers)!, person)
        default:
            let statuses: [PlainRegistry.Status] = [
                .candidate, .approved, .suspended, .suspended, .retired, .erased,
            ]
            let status = statuses.randomElement(using: &numbers)!
            // What has ended never comes back: some versions stay.
            return .set(version, version > 4 || status != .retired ? status : .suspended)
        }
    }

    @Test(
        "random operations do what the rules on paper say, restarts and repeats in between",
        arguments: [1, 2, 3] as [UInt64])
    func operations(_ seed: UInt64) async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        var numbers = SeededNumbers(seed: seed)
        var plain = PlainRegistry()
        let policy = "model: m\naliases: {champion: {approvals: 1, gates: [compatible]}}"
        var registry = try await kit.open(isGoverned: true)
        _ = try await registry.applyPolicy(.init(requestID: "p", file: policy), by: "risk")
        _ = try await registry.register(TinyModel.registration(id: "first"))
        _ = plain.register(by: "ann")
        for step in 0..<400 {
            kit.clock.withLock { $0 += 10 }
            let operation = random(plain, &numbers)
            let expected = self.expected(operation, &plain)
            let given = await answer(operation, registry, id: "s-\(step)")
            #expect(given == expected, "seed \(seed), step \(step): \(operation)")
            if step % 7 == 0, given == .ok {
                // The same request once more changes nothing.
                #expect(await answer(operation, registry, id: "s-\(step)") == .ok)
            }
            if step % 50 == 49 { registry = try await kit.open(isGoverned: true) }
            if step % 10 == 9 { try check(registry, plain, "seed \(seed), step \(step)") }
        }
        // Every change is one event, and the chain holds.
        let events = try await registry.rows.events("m")
        #expect(events.last?.sequence == UInt64(events.count))
    }

    private func expected(
        _ operation: Operation, _ plain: inout PlainRegistry
    ) -> StatusCode {
        switch operation {
        case .register(let person): return plain.register(by: person)
        case .move(let alias, let to, let from, let generation, let person):
            return plain.move(alias, to: to, from: from, generation: generation, by: person)
        case .rollback(let alias, let to, _):
            let code = plain.rollback(alias, to: to)
            return code == .unknown ? .failedPrecondition : code
        case .delete(let alias, _, _): return plain.delete(alias)
        case .approve(let version, let decision, let person):
            return plain.approve(version, decision, by: person)
        case .set(let version, let status): return plain.set(version, status)
        }
    }

    private func answer(
        _ operation: Operation, _ registry: ModelRegistry, id: String
    ) async -> StatusCode {
        await refusal {
            switch operation {
            case .register(let person):
                _ = try await registry.register(TinyModel.registration(id: id, by: person))
            case .move(let alias, let to, let from, let generation, let person):
                _ = try await registry.setAlias(
                    .init(
                        requestID: id, model: "m", alias: alias, version: UInt32(to),
                        expectedVersion: UInt32(from), expectedGeneration: UInt64(generation),
                        reason: "r", actor: person))
            case .rollback(let alias, let to, let person):
                _ = try await registry.rollback(
                    .init(
                        requestID: id, model: "m", alias: alias, version: UInt32(to),
                        reason: "r", actor: person))
            case .delete(let alias, let from, let generation):
                _ = try await registry.deleteAlias(
                    .init(
                        requestID: id, model: "m", alias: alias, expectedVersion: UInt32(from),
                        expectedGeneration: UInt64(generation), reason: "r", actor: "bob"))
            case .approve(let version, let decision, let person):
                _ = try await registry.approve(
                    .say(Self.message(decision), of: UInt32(version), by: person, id: id))
            case .set(let version, let status):
                _ = try await registry.setStatus(
                    .init(
                        requestID: id, model: "m", version: UInt32(version),
                        status: Self.message(status), reason: "r",
                        actor: status == .erased ? "carol" : "bob"))
            }
        }.code
    }

    private func check(
        _ registry: ModelRegistry, _ plain: PlainRegistry, _ place: String
    ) throws {
        let page = try registry.versions(.init(model: "m"))
        #expect(
            page.versions.map(\.status) == plain.versions.map { Self.message($0.status) },
            "\(place)")
        let aliases = page.aliases.map {
            PlainRegistry.Alias(
                version: Int($0.version), generation: Int($0.generation),
                trail: $0.before.map { Int($0) })
        }
        let expected = Self.aliases.compactMap { plain.aliases[$0] }.map { alias in
            PlainRegistry.Alias(
                version: alias.version, generation: alias.generation,
                trail: alias.trail.suffix(AliasTrail.maximumSteps))
        }
        #expect(aliases == expected, "\(place)")
        // What serves is what the aliases say, and nothing that may not.
        for alias in page.aliases {
            let version = try registry.serving.latest.version(of: "m", .alias(alias.alias))
            #expect(version.number == alias.version, "\(place)")
        }
    }

    private static func message(
        _ decision: PlainRegistry.Decision
    ) -> AssayModelsV1.ApprovalDecision {
        switch decision {
        case .approved: .approved
        case .rejected: .rejected
        case .withdrawn: .withdrawn
        }
    }

    private static func message(_ status: PlainRegistry.Status) -> AssayModelsV1.VersionStatus {
        switch status {
        case .candidate: .candidate
        case .approved: .approved
        case .suspended: .suspended
        case .retired: .retired
        case .erased: .erased
        }
    }
}
