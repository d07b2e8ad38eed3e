"""The GPU that a process has used is named, and asking does not begin to use one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from goingdeep.record import machine
from goingdeep.record.machine import gpu_in_use


def imported(monkeypatch, **modules):
    monkeypatch.setattr(machine, "sys", SimpleNamespace(modules=modules))


def pretend(monkeypatch, *, used: bool, name):
    cuda = SimpleNamespace(is_initialized=lambda: used, get_device_name=name)
    imported(monkeypatch, torch=SimpleNamespace(cuda=cuda))


def test_its_name(monkeypatch):
    pretend(monkeypatch, used=True, name=lambda: "NVIDIA H100 80GB HBM3")
    assert gpu_in_use() == {"gpu": "NVIDIA H100 80GB HBM3"}


def test_one_that_is_not_used_is_not_asked(monkeypatch):
    pretend(monkeypatch, used=False, name=lambda: pytest.fail("asked"))
    assert gpu_in_use() == {}


def test_a_program_without_torch(monkeypatch):
    imported(monkeypatch)
    assert gpu_in_use() == {}


def test_a_driver_that_has_failed(monkeypatch):
    def broken():
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    pretend(monkeypatch, used=True, name=broken)
    assert gpu_in_use() == {}
