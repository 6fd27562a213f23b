import AssayMessages
import RPC
import Testing

@testable import ModelCore

@Suite("The shelf of versions")
struct VersionShelfTests {
    private typealias Place = VersionShelf.Place

    /// Versions with these numbers, used in this order.
    private func versions(_ numbers: [UInt32]) throws -> [UInt32: ServingVersion] {
        var versions: [UInt32: ServingVersion] = [:]
        for number in numbers { versions[number] = try SmallVersion.make(number: number) }
        let start = Predictor.nanoseconds()
        for (index, number) in numbers.enumerated() {
            versions[number]?.use(at: start + UInt64(index + 1) * 1_000_000_000)
        }
        return versions
    }

    @Test("what was used longest ago leaves first, over all models")
    func order() throws {
        var shelf = VersionShelf()
        let all = try versions([3, 1, 4, 2])
        shelf.update("a", loaded: all.filter { $0.key < 3 }, inUse: [])
        shelf.update("b", loaded: all.filter { $0.key >= 3 }, inUse: [])
        #expect(shelf.makeRoom(.init(versions: 4)).isEmpty)
        #expect(
            shelf.makeRoom(.init(versions: 2)) == [
                Place(model: "b", version: 3), Place(model: "a", version: 1),
            ])
        #expect(shelf.evictions == 2 && shelf.kept.count == 2)
    }

    @Test("what is in use neither leaves nor takes room, until it is in use no more")
    func inUse() throws {
        var shelf = VersionShelf()
        let all = try versions([1, 2, 3])
        shelf.update("m", loaded: all, inUse: [1, 2])
        #expect(shelf.makeRoom(.init(versions: 1)).isEmpty)
        #expect(shelf.kept.keys.map(\.version) == [3])
        shelf.update("m", loaded: all, inUse: [3])
        #expect(shelf.byteCount == (all[1]?.byteCount ?? 0) + (all[2]?.byteCount ?? 0))
        #expect(shelf.makeRoom(.init(versions: 1)).map(\.version) == [1])
    }

    @Test("what was in use until now was used last, however long ago it was loaded")
    func left() throws {
        var shelf = VersionShelf()
        let old = try SmallVersion.make(number: 1)
        let all = [1: old, 2: try SmallVersion.make(number: 2)] as [UInt32: ServingVersion]
        shelf.update("m", loaded: all, inUse: [1])
        let now = Predictor.nanoseconds() + 1_000_000_000
        shelf.update("m", loaded: all, inUse: [], at: now)
        #expect(old.lastUse == now)
        #expect(shelf.makeRoom(.init(versions: 1)).map(\.version) == [2])
    }

    @Test("bytes are a limit too, but what was used last stays however large it is")
    func bytes() throws {
        var shelf = VersionShelf()
        let all = try versions([1, 2, 3])
        shelf.update("m", loaded: all, inUse: [])
        let each = try #require(all[1]).byteCount
        #expect(shelf.byteCount == 3 * each)
        #expect(shelf.makeRoom(.init(bytes: 2 * each)).map(\.version) == [1])
        #expect(shelf.makeRoom(.init(bytes: 1)).map(\.version) == [2])
        #expect(shelf.makeRoom(.init(bytes: 1)).isEmpty)
        #expect(shelf.byteCount == each)
    }

    @Test("a version that was loaded anew takes the place of the one before")
    func anew() throws {
        var shelf = VersionShelf()
        shelf.update("m", loaded: try versions([1]), inUse: [])
        let again = try versions([1])
        shelf.update("m", loaded: again, inUse: [])
        #expect(shelf.kept.count == 1 && shelf.byteCount == again[1]?.byteCount)
        #expect(shelf.kept[Place(model: "m", version: 1)] === again[1])
        shelf.update("m", loaded: [:], inUse: [])
        #expect(shelf.kept.isEmpty && shelf.byteCount == 0)
    }

    @Test("uses within a millisecond are one, and none is noted backwards")
    func uses() throws {
        let version = try SmallVersion.make()
        let start = version.lastUse
        version.use(at: start + 10)
        #expect(version.lastUse == start)
        version.use(at: start + 2_000_000)
        #expect(version.lastUse == start + 2_000_000)
        version.use(at: start)
        #expect(version.lastUse == start + 2_000_000)
    }
}
