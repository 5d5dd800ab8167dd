"""What pages compute, in processes of their own: functions that call one public function of edgepair.

No Dash here: these modules are imported by the worker processes.
"""
