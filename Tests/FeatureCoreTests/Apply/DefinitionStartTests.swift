import AssayMessages
import FeatureEngine
import Foundation
import Testing

@testable import FeatureCore

@Suite struct DefinitionStartTests {
    /// Opens the store with a folder, records an event, and closes it.
    func start(
        _ directory: String, _ text: String, replaces: Bool = false, applying other: String? = nil
    ) async throws -> (active: [UInt8], notice: String) {
        let notices = Notices()
        let store = try await TestStore(
            directory: directory, text: text, replaces: replaces, log: notices.log)
        _ = try await store.score(Payment.event(UUID().uuidString))
        if let other {
            try await store.apply(other)
            try await store.backfilled()
        }
        let active = store.features.definitions.hash
        try await store.features.close()
        return (active, notices.text)
    }

    func hash(_ text: String) throws -> [UInt8] { try DefinitionChange.set(text).hash }

    @Test("the first folder is taken; later only what states will do for")
    func folders() async throws {
        let directory = TestStore.freshDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (base, free) = (try DefinitionChange.base(), try DefinitionChange.free())
        var started = try await start(directory, base)
        #expect(started == (try hash(base), ""))
        started = try await start(directory, base)
        #expect(started == (try hash(base), ""))
        started = try await start(directory, free)
        #expect(started.active == (try hash(free)))
        #expect(started.notice.contains("in force") && started.notice.contains("card_small@1"))
        // It would take a vector away, or needs other states: that is applied, not rolled out.
        started = try await start(directory, base)
        #expect(started.active == (try hash(free)))
        #expect(started.notice.contains("assay features apply"))
        started = try await start(directory, try DefinitionChange.grown(free))
        #expect(started.active == (try hash(free)))
        #expect(started.notice.contains("card_amt_max_7d"))
        started = try await start(directory, try DefinitionChange.grown(free), replaces: true)
        #expect(started.active == (try hash(DefinitionChange.grown(free))))
    }

    @Test("what was applied outlives a restart beside an older folder")
    func applied() async throws {
        let directory = TestStore.freshDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (base, noted) = (try DefinitionChange.base(), try DefinitionChange.noted())
        _ = try await start(directory, base, applying: noted)
        var started = try await start(directory, base)
        #expect(started.active == (try hash(noted)))
        #expect(started.notice.contains("applied since") && started.notice.contains("described"))
        started = try await start(directory, base, applying: try DefinitionChange.grown())
        #expect(started.active == (try hash(DefinitionChange.grown())))
        #expect(try await start(directory, base).active == hash(DefinitionChange.grown()))
    }

    @Test("a folder that does not compile stops the start, with what is wrong")
    func mistakes() async throws {
        let directory = TestStore.freshDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let wrong = try DefinitionChange.base().replacing("max: amount", with: "max: amout")
        await #expect(throws: DefinitionError.self) { _ = try await start(directory, wrong) }
    }
}
