import Glibc
import NIOCore
import NIOEmbedded
import Testing

@testable import ServiceRuntime

@Suite("A listener without descriptors")
struct AcceptPauseTests {
    /// What the channel was told of reading last.
    private func isReading(_ channel: EmbeddedChannel) -> Bool? {
        channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }?.value as? Bool
    }

    @Test(
        "reading is off for a moment, and then on again",
        arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func pause(code: Int32) throws {
        let loop = EmbeddedEventLoop()
        let channel = EmbeddedChannel(handler: AcceptPause(), loop: loop)
        channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
        #expect(isReading(channel) == false)
        loop.advanceTime(by: .milliseconds(249))
        #expect(isReading(channel) == false)
        loop.advanceTime(by: .milliseconds(1))
        #expect(isReading(channel) == true)
        try channel.throwIfErrorCaught()
        _ = try channel.finish()
    }

    @Test("any other error goes on its way")
    func others() throws {
        let channel = EmbeddedChannel(handler: AcceptPause())
        channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNABORTED, reason: "accept"))
        #expect(throws: IOError.self) { try channel.throwIfErrorCaught() }
        #expect(isReading(channel) == nil)
        _ = try channel.finish()
    }
}
