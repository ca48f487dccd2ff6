"""Byzantine order: the ABCI 2.0 application beside a `cometbft` process, and the `Sequencer` over both.

One thread owns the copy of the log (`application`); sockets (`server`) and submissions (`sequencer`) leave
messages at its door. Application hash = root of the log tree; a block is one durable write.
"""
