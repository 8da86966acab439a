"""A scanner in numbers: tube, optics, geometry, air, detector, energy axis; three presets."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from skxrf.exceptions import EnergyAxisError, SkxrfError
from skxrf.physics import DetectorResponse
from skxrf.physics.constants import FWHM_OF_SIGMA, PAIR_ENERGY
from skxrf.utils.typing import Array

from ._beam import Beam, tube_beam
from ._optics import AIR, Absorber, Gas, Polycapillary
from ._transport import Geometry

# Resolution: SigmaAbs [keV2] and SigmaLin [keV] of the header are the variance of a peak,
# SigmaAbs + SigmaLin E. Tail and shelf are fitted to NIST's spectra of pure elements (S to Cu).
_XFLASH_M6 = DetectorResponse(
    noise=FWHM_OF_SIGMA * 9.893e-4**0.5,
    fano=4.4664e-4 / PAIR_ENERGY,
    thickness=0.45,
    tail_fraction=0.006,
    tail_depth=0.05,
    tail_slope=0.1,
    shelf_depth=0.045,
    recoil=True,
)


@dataclass(frozen=True)
class _Limits:
    """Limits of simulated spectra."""

    tabulated: tuple[float, float] = (0.1, 200.0)
    """Photon energies [keV] with cross sections of all elements."""
    least_channels: int = 64  # smallest number of channels
    softest_line: float = 1.0  # energy [keV] of the softest simulated line
    widest_channel: float = 0.5
    """Width [keV] of the widest channels: three times the width of a peak."""


@dataclass(frozen=True)
class Instrument:
    """Numbers of an MA-XRF scanner that its spectra depend on.

    Parameters
    ----------
    name : str
        Name of the scanner.
    anode : str
        Chemical symbol of the tube's anode.
    voltage : float
        Tube voltage [kV].
    tube_window : Absorber
        Window of the tube.
    filters : tuple of Absorber
        Filters between tube and object.
    lens : Polycapillary or None
        Lens between tube and object; None for a collimator.
    incidence, take_off : float
        Angles between the surface and the beam, and the surface and the detector [degrees].
    azimuth : float
        Angle between the projections on the surface of the beam's direction of flight and of
        the direction to the detector [degrees]; it matters for scatter only.
    path_in_mm, path_out_mm : float
        Gas between the optics and the object, and between the object and the detector [mm].
    gas_seen_mm : float
        Length of the beam in front of the object that the detector sees [mm]; assumed.
    gas : Gas
        The gas there.
    pressure_hpa : float
        Pressure of the gas [hPa].
    solid_angle : float
        Solid angle of the detector seen from the object [sr]: a scale for those who need absolute
        rates; spectra of a given number of counts do not depend on it.
    detector_windows : tuple of Absorber
        Window, contacts and dead layer in front of the active silicon.
    detector : DetectorResponse
        Resolution, tail, shelf, escape and thickness of the silicon.
    pulse_pair_resolution_us : float
        Two photons within this time [us] count as one of their summed energy.
    energy_offset, energy_gain : float
        Energy [keV] of channel 0 and keV per channel. The axis may end above the tube voltage, as
        those of many files do, but not beyond 200 keV, and it must contain some of 1 keV to the
        voltage.
    n_channels : int
        Number of channels, at least 64.

    Raises
    ------
    EnergyAxisError
        If the axis contains nothing that a tube excites, or not in keV.
    SkxrfError
        If another number is out of its range.

    Examples
    --------
    >>> from skxrf.simulation import Instrument
    >>> scanner = Instrument.m6_jetstream()
    >>> scanner.anode, scanner.voltage, scanner.energy.shape
    ('Rh', 50.0, (4096,))
    """

    name: str
    anode: str
    voltage: float
    tube_window: Absorber
    filters: tuple[Absorber, ...] = ()
    lens: Polycapillary | None = None
    incidence: float = 90.0
    take_off: float = 45.0
    azimuth: float = 180.0
    path_in_mm: float = 10.0
    path_out_mm: float = 20.0
    gas_seen_mm: float = 5.0
    gas: Gas = AIR
    pressure_hpa: float = 1013.25
    solid_angle: float = 6.5e-3
    detector_windows: tuple[Absorber, ...] = ()
    detector: DetectorResponse = field(default_factory=DetectorResponse)
    pulse_pair_resolution_us: float = 1.0
    energy_offset: float = 0.0
    energy_gain: float = 0.01
    n_channels: int = 4096

    def __post_init__(self) -> None:
        if not 0 < self.voltage < math.inf:
            raise SkxrfError(f"voltage={self.voltage:g} kV: expected more than 0.")
        for name in ("incidence", "take_off"):
            angle = getattr(self, name)
            if not 0 < angle <= 90:
                raise SkxrfError(f"{name}={angle:g}: expected an angle of 0 to 90 degrees.")
        lengths = "path_in_mm", "path_out_mm", "gas_seen_mm"
        for name in (*lengths, "pressure_hpa", "pulse_pair_resolution_us"):
            if not 0 <= getattr(self, name) < math.inf:
                raise SkxrfError(f"{name}={getattr(self, name):g}: expected 0 or more.")
        if not math.isfinite(self.azimuth) or not 0 < self.solid_angle <= 4 * math.pi:
            raise SkxrfError(
                f"azimuth={self.azimuth:g} degrees, solid_angle={self.solid_angle:g} sr: expected an "
                "angle, and more than 0 and at most 4 pi."
            )
        self._check_axis()

    def _check_axis(self) -> None:
        offset, gain, n = self.energy_offset, self.energy_gain, self.n_channels
        if n != int(n) or n < _Limits.least_channels:
            raise EnergyAxisError(
                f"{n} channels are too few for a spectrum: at least {_Limits.least_channels}."
            )
        last = offset + gain * (n - 1)
        if not 0 < gain <= _Limits.widest_channel or not last <= _Limits.tabulated[1]:
            raise EnergyAxisError(
                f"{n} channels of {gain:g} keV from {offset:g} keV: expected a positive gain of at "
                f"most {_Limits.widest_channel:g} keV per channel, and an end at {_Limits.tabulated[1]:g} keV or before. Is "
                "it in eV?"
            )
        if not (last >= _Limits.softest_line and offset < self.voltage):
            raise EnergyAxisError(
                f"an axis of {offset:g} to {last:g} keV contains nothing of a tube at {self.voltage:g} "
                f"kV: expected some of {_Limits.softest_line:g} to {self.voltage:g} keV."
            )

    @property
    def energy(self) -> Array:
        """Bin centers of the channels [keV], (n_channels,)."""
        return np.asarray(self.energy_offset + self.energy_gain * np.arange(self.n_channels))

    @property
    def edges(self) -> Array:
        """Bin edges of the channels [keV], (n_channels + 1,)."""
        return np.asarray(
            self.energy_offset + self.energy_gain * (np.arange(self.n_channels + 1) - 0.5)
        )

    @property
    def geometry(self) -> Geometry:
        """Angles of beam and detector to the surface."""
        return Geometry(self.incidence, self.take_off)

    @property
    def scattering_angle(self) -> float:
        """Mean angle between the beam and the direction to the detector [degrees]."""
        incidence, take_off, azimuth = np.radians((self.incidence, self.take_off, self.azimuth))
        along = np.cos(incidence) * np.cos(take_off) * np.cos(azimuth)
        across = np.sin(incidence) * np.sin(take_off)
        return float(np.degrees(np.arccos(np.clip(along - across, -1.0, 1.0))))

    def with_axis(self, offset: float, gain: float, n_channels: int) -> Instrument:
        """Scanner with another energy axis.

        Parameters
        ----------
        offset : float
            Energy of channel 0 [keV].
        gain : float
            keV per channel.
        n_channels : int
            Number of channels.

        Returns
        -------
        Instrument
            All other numbers as they are.
        """
        return replace(self, energy_offset=offset, energy_gain=gain, n_channels=n_channels)

    def beam(self) -> Beam:
        """Photons that reach the object, relative; per mAs and cm2 at 1 m without a lens."""
        beam = tube_beam(self.anode, self.voltage)
        transmission = self.tube_window.transmission(beam.energies)
        for foil in self.filters:
            transmission = transmission * foil.transmission(beam.energies)
        if self.lens is not None:
            transmission = transmission * self.lens.transmission(beam.energies)
        air = self.gas.transmission(beam.energies, self.path_in_mm, self.pressure_hpa)
        return beam.times(transmission * air)

    def efficiency(self, energies: Array) -> Array:
        """Share of photons sent towards the detector that end in the full-energy peak.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].

        Returns
        -------
        ndarray of shape (n_energies,)
            Gas, windows, dead layer, photoelectric absorption in the active silicon, less what
            tail, shelf and escape take away from the peak.

        Raises
        ------
        SkxrfError
            If an energy is beyond the tables of cross sections.
        """
        energies = _checked(energies)
        share = self.gas.transmission(energies, self.path_out_mm, self.pressure_hpa)
        for window in self.detector_windows:
            share = share * window.transmission(energies)
        return np.asarray(share * self.detector.full_energy_share(energies))

    def response(
        self,
        energies: Array,
        *,
        offset: float = 0.0,
        gain: float = 1.0,
        fwhm_factor: float = 1.0,
    ) -> Array:
        """Counts per channel for each count in the full-energy peak of a photon's energy.

        Parameters
        ----------
        energies : ndarray of shape (n_energies,)
            Photon energies [keV].
        offset, gain : float
            Error of the nominal axis: a channel that claims the energy ``E`` in truth contains
            photons of ``offset + gain * E`` [keV].
        fwhm_factor : float
            Peaks are this much wider than the nominal resolution.

        Returns
        -------
        ndarray of shape (n_energies, n_channels)
            The full-energy peak has unit area; tail, shelf and escape peak are on top.
        """
        if gain <= 0 or fwhm_factor <= 0:
            raise SkxrfError(
                f"gain={gain:g}, fwhm_factor={fwhm_factor:g}: both must be greater than 0."
            )
        detector = self.detector.scaled(fwhm_factor)
        return detector.response(_checked(energies), offset + gain * self.edges)

    @classmethod
    def m6_jetstream(cls) -> Instrument:
        """Bruker M6 Jetstream: Rh tube at 50 kV, polycapillary, silicon drift detector, in air.

        Angles, path lengths, windows, thicknesses, solid angle, resolution and energy axis as
        the instrument writes them into the headers of its ``.spx`` files (one of chassis XS-51,
        detector XFlash 430); that file was measured under helium, paintings are scanned in air.
        Assumed: the transmission of the lens, tail and shelf, which are those found for an M4. The
        user guide's page on instruments lists the source of every number.
        """
        return cls(
            name="M6 Jetstream",
            anode="Rh",
            voltage=50.0,
            tube_window=Absorber("Be", 100.0),  # header: TubeWindow
            # Fitted to acrylic under 12.5 um Al (benchmarks/measured_spectra.py), checked on other filters.
            lens=Polycapillary(cutoff=13.74, steepness=4.05, leak=0.0122, absorption_um=8.0),
            incidence=90.0,  # header: ExcitationAngle
            take_off=60.0,  # header: DetectionAngle
            path_in_mm=13.0,  # header: ExcitationPathLength
            path_out_mm=16.0,  # header: DetectionPathLength
            solid_angle=6.5e-3,  # header: SolidAngleDetection
            # XFlash 430: beryllium, 29 nm dead silicon, 0.45 mm active (header: WindowLayers,
            # SiDeadLayerThickness, DetectorThickness).
            detector_windows=(Absorber("Be", 12.5), Absorber("Si", 0.029)),
            detector=_XFLASH_M6,
            pulse_pair_resolution_us=0.94,  # header: mean of PPRTData
            energy_offset=-0.9555,  # header: CalibAbs, CalibLin
            energy_gain=0.01,
            n_channels=4096,
        )

    @classmethod
    def m4_tornado(cls) -> Instrument:
        """Bruker M4 Tornado: Rh tube at 50 kV, polycapillary, in vacuum (20 hPa).

        Numbers as in the headers of the ``.spx`` files of NIST's data set of an M4 (chassis
        XS-52; public domain). Fitted to that data set: lens, azimuth, tail and shelf. The user
        guide's page on instruments lists the source of every number.
        """
        return replace(
            cls.m6_jetstream(),
            name="M4 Tornado",
            incidence=50.0,
            take_off=50.0,
            azimuth=97.0,  # fitted: the Compton shift of Mo and Rh K-alpha
            path_in_mm=10.0,
            path_out_mm=20.0,
            pressure_hpa=20.0,  # header: ChamberPressure
            detector_windows=(Absorber("Be", 13.0), Absorber("Si", 0.029)),  # header: WindowLayers
            detector=replace(
                _XFLASH_M6, noise=FWHM_OF_SIGMA * 1.0235e-3**0.5, fano=4.6217e-4 / PAIR_ENERGY
            ),
            pulse_pair_resolution_us=1.25,  # header: mean of PPRTData above 4 keV
            energy_offset=-0.95639563,
            energy_gain=0.010001,
        )

    @classmethod
    def in_air_silver(cls) -> Instrument:
        """A scanner built from parts: Ag tube, collimator, silicon drift detector, in air.

        Everything is assumed, but for what a scan in air shows itself: 1024 channels of 29 eV,
        149 eV FWHM at 6.4 keV and Compton scatter of Ag K-alpha at 20.7 keV. The user guide's
        page on instruments lists every number.
        """
        return cls(
            name="in-air Ag scanner",
            anode="Ag",
            voltage=50.0,  # assumed
            tube_window=Absorber("Be", 250.0),  # assumed: usual for Ag tubes of a few watts
            incidence=90.0,  # assumed
            take_off=40.0,  # from the Compton shift: a scattering angle of about 130 degrees
            path_in_mm=15.0,  # assumed
            path_out_mm=15.0,  # assumed
            solid_angle=0.05,  # assumed
            detector_windows=(Absorber("Be", 12.5), Absorber("Si", 0.1)),  # assumed
            detector=replace(_XFLASH_M6, noise=0.0875, fano=0.115, thickness=0.5),
            pulse_pair_resolution_us=0.5,  # assumed
            energy_offset=-0.0184,
            energy_gain=0.02921,
            n_channels=1024,
        )


def _checked(energies: Array) -> Array:
    """Energies within the tables of cross sections."""
    energies = np.asarray(energies, dtype=np.float64)
    low, high = _Limits.tabulated
    if energies.size and not (energies.min() >= low and energies.max() <= high):
        raise SkxrfError(
            f"photon energies of {energies.min():g} to {energies.max():g} keV: cross sections are "
            f"tabulated from {low:g} to {high:g} keV."
        )
    return energies
